! echo PAR1 > short.parquet; echo no parquet file at all > text.parquet; mkdir empty
check 018-parquet-files.weir --set f=short.parquet
check 018-parquet-files.weir --set f=text.parquet
check 018-parquet-files.weir --set f=missing.parquet
check 018-parquet-files.weir --set f=empty
