fmt 002-blocks.weir
