run 015-file.weir --quiet
! cat out/*
! printf 'schema s { n: int64! }\nfile.read("out") -> json.decode(s) -> show()\n' > read.weir
run read.weir --quiet
