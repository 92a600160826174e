fmt 006-strings.weir
