! printf "a\n1\n" | gzip > ok.csv.gz; head -c 15 ok.csv.gz > cut.csv.gz
run 012-broken-files.weir --quiet --set f=ok.csv.gz
run 012-broken-files.weir --quiet --set f=cut.csv.gz
run 012-broken-files.weir --quiet --set f=none.csv
