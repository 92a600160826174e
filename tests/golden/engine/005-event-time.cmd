WEIR_CLOCK=2026-01-01T02:00:00Z run 005-event-time.weir --quiet
