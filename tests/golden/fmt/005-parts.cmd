fmt 005-parts.weir
