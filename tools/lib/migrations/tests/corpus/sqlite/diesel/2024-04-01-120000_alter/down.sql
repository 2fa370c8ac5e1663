ALTER TABLE posts RENAME headline TO title
