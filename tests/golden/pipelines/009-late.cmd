WEIR_CLOCK=2026-01-01T00:10:00Z run 009-late.weir --quiet
