-- A witness of its own: every change of a step's status or token, with who wrote it, whatever the engine says of itself.
CREATE TABLE chaos_history (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    writer text NOT NULL DEFAULT current_setting('application_name'),
    step uuid NOT NULL,
    request uuid NOT NULL,
    old_status text NOT NULL,
    new_status text NOT NULL,
    old_activity text NOT NULL,
    new_activity text NOT NULL,
    old_token uuid,
    new_token uuid,
    old_owner text,
    old_lease timestamptz,
    old_attempt integer NOT NULL,
    new_attempt integer NOT NULL
);

CREATE FUNCTION chaos_witness() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO chaos_history (step, request, old_status, new_status, old_activity, new_activity, old_token, new_token,
                               old_owner, old_lease, old_attempt, new_attempt)
    VALUES (NEW.id, NEW.request_id, OLD.status, NEW.status, OLD.activity, NEW.activity, OLD.lease_token, NEW.lease_token,
            OLD.claimed_by, COALESCE(OLD.lease_until, OLD.claimed_at), OLD.attempt, NEW.attempt);
    RETURN NULL;
END $$;

CREATE TRIGGER chaos_witness AFTER UPDATE ON request_steps FOR EACH ROW
WHEN (OLD.status IS DISTINCT FROM NEW.status OR OLD.lease_token IS DISTINCT FROM NEW.lease_token)
EXECUTE FUNCTION chaos_witness();
