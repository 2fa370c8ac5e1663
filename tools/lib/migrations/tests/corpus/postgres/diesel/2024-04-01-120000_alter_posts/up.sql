-- expect: rename-column posts.body to content
ALTER TABLE posts RENAME body TO content;
-- expect: update-all posts
UPDATE ONLY posts AS p SET published = true;
UPDATE posts SET published = true WHERE id IN (SELECT id FROM posts LIMIT 10);
DELETE FROM posts USING posts AS p2 WHERE posts.id < p2.id AND posts.title = p2.title;
-- expect: delete-all posts
WITH gone AS (DELETE FROM posts RETURNING id) SELECT count(*) FROM gone
