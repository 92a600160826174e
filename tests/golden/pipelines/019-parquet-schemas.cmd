run 019-parquet-schemas.weir --quiet
! for d in a b; do mv in/$d/*.parquet $d.parquet; done; rm -rf in
! printf 'settings { quarantine: "q" }\nparquet.read("*.parquet") -> show()\n' > read.weir
check read.weir
! sed -i 's/\*/a/' read.weir
run read.weir --quiet
