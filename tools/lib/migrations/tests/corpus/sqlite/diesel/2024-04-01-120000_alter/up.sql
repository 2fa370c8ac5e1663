-- expect: rename-column posts.title to headline
ALTER TABLE posts RENAME title TO headline;
-- expect: update-all posts
UPDATE posts SET published = 1;
UPDATE posts SET published = 1 WHERE id = 1
