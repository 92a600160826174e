! "$WEIR" run 013-quarantine.weir 2>&1 | grep -v info: | tee said
! cut -d, -f1-8,10,11,12 "bad rows"/*.csv | tr -d '\r'
! eval "$(sed -n 's/.*with: weir/"$WEIR"/p' said)" | cut -c 1-40
