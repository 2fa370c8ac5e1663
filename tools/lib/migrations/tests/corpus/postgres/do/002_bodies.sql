DO $$
DECLARE
    has_it boolean;
BEGIN
    SELECT EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 'users' AND column_name = 'email') INTO has_it;
    IF has_it THEN
        -- expect: drop-column users.email
        ALTER TABLE users DROP COLUMN email;
    ELSE
        RAISE NOTICE 'nothing to do; really';
    END IF;
    FOR i IN 1..3 LOOP
        -- expect: delete-all logs
        DELETE FROM logs;
        DELETE FROM logs WHERE id = i;
    END LOOP;
    BEGIN
        -- slipway: allow drop-column: faxes are over
        -- expect-allowed: drop-column users.fax
        ALTER TABLE users DROP COLUMN fax;
        -- expect: drop-column users.phone
        ALTER TABLE users DROP COLUMN IF EXISTS phone;
    EXCEPTION
        WHEN undefined_column THEN NULL;
        -- expect: update-all logs
        WHEN others THEN UPDATE logs SET at = now();
    END;
    -- expect: drop-table logs_2020
    EXECUTE 'DROP TABLE logs_2020';
    -- expect-doubt: put together when it runs
    EXECUTE format('DROP TABLE %I', 'logs_' || 2021);
    PERFORM pg_sleep(0);
END
$$ LANGUAGE plpgsql;

DO 'BEGIN NULL; END';
DO LANGUAGE plpgsql $outer$ BEGIN EXECUTE $inner$ SELECT 1 $inner$; END $outer$;
