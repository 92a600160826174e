run 011-not-empty.weir --quiet
! rm -rf .weir; for f in out/*.csv; do mv "$f" out/a.csv; done; rm -rf lake
run 011-not-empty.weir --quiet
! rm -rf out .weir && mkdir -p lake && echo x > lake/x.txt
run 011-not-empty.weir --quiet
! rm -rf out .weir
run 011-not-empty.weir --quiet --append
! cat out/*.csv
