run 006-csv.weir --quiet
! cat out/*.csv | sed 's/\r$/<CR>/'
! printf 'settings { quarantine: "q" }\nschema row { n: int64!, t: string, d: decimal(10, 6), at: timestamp, f: string, b: bool, l: string }\ncsv.read("out", row) -> show(width: 0, format: json)\n' > read.weir
run read.weir --quiet
! rm -rf out .weir && sed -i 's/formulas: escape/null: "NULL", delimiter: ";", header: false, lines: lf/' 006-csv.weir
run 006-csv.weir --quiet
! cat out/*.csv | sed 's/\r$/<CR>/'
