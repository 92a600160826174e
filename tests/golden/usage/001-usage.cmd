chek 001-usage.weir
check
check --bogus 001-usage.weir
check --set
run
run --bogus 001-usage.weir
run 001-usage.weir other.weir
run --log xml 001-usage.weir
run --set count 001-usage.weir
run --epoch-log
explain
explain 001-usage.weir other.weir
explain --bogus
inspect core.wear
inspect nothing
inspect core.where more
cat
cat missing.parquet
cat --limit many 001-usage.weir
cat --bogus 001-usage.weir
cat 001-usage.weir
fmt
fmt --bogus
fmt --check -w 001-usage.weir
fmt missing.weir
