WEIR_CLOCK=2026-01-01T00:00:00Z run 006-tumbling.weir --quiet
! rm -rf .weir; echo; echo epochs of 100 rows
WEIR_CLOCK=2026-01-01T00:00:00Z run 006-tumbling.weir --quiet --set rows=100
