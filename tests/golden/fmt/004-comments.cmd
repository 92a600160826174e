fmt 004-comments.weir
