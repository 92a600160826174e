! "$WEIR" run 013-quarantine.weir 2>&1 | grep -v info:
! cut -d, -f1-8,10,11,12 bad/*.csv | tr -d '\r'
