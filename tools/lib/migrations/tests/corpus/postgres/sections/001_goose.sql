-- +goose Up
CREATE TABLE g (id int, v int);
-- +goose StatementBegin
CREATE FUNCTION g_count() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$;
-- +goose StatementEnd

-- +goose Down
DROP FUNCTION g_count();
DROP TABLE g;
