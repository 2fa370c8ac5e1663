-- expect: rename-column posts.title to headline
ALTER TABLE posts RENAME title TO headline;
-- expect: update-all posts
UPDATE posts SET published = 1;
CREATE TABLE ids AS SELECT 1 AS id;
-- expect: update-all posts
UPDATE posts SET published = ids.id FROM ids;
UPDATE posts SET published = ids.id FROM ids WHERE posts.id = ids.id
