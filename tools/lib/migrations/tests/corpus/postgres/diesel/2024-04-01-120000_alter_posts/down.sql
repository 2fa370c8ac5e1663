ALTER TABLE posts RENAME content TO body
