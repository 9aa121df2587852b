-- Who has taken what. A request says what it takes (`quota_takes`) and whether that is reserved, used or given back
-- (`quota_state`); counters hold the sums, of those holders and resources that somebody has set a limit for. The triggers here
-- keep both, whoever ends a request: Python or `stratus_advance`. Changing this file takes a migration that runs it again.
--
-- Locks, in this order: the request's row, the holder's advisory lock, its counters by holder and resource. Whoever counts holds
-- the advisory lock shared until it commits; whoever begins to count (`stratus_quota_track`) takes it alone, so that no request is
-- missed and none is counted twice.

-- How a request's part of the quotas stands after it moved to p_status. In the language that asks no more than it has to: nearly
-- every request is completed, and pays for this.
CREATE OR REPLACE FUNCTION stratus_quota_state(p_request uuid, p_status text, p_before text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p_status = 'completed' THEN
        RETURN 'used';
    ELSIF p_status IN ('rejected', 'rolled_back') THEN
        RETURN 'released';
    ELSIF p_status = 'rolling_back' THEN
        RETURN p_before;
    ELSIF p_status NOT IN ('failed', 'cancelled') THEN
        RETURN 'reserved';
    -- Half built stays reserved. Where nothing is there that could be taken back (see `core.decisions.to_undo`), nothing would
    -- ever give it back: it is given back now.
    ELSIF EXISTS (
        SELECT 1 FROM request_steps s
        WHERE s.request_id = p_request AND s.kind = 'step' AND s.step_config ->> 'undo' IS DISTINCT FROM 'nothing'
            AND (s.status = 'completed' OR (
                s.status IN ('failed', 'cancelled', 'skipped') AND s.attempt > 0 AND (
                    s.step_config ->> 'undo' = 'own' OR 'indeterminate' = (
                        SELECT a.status FROM step_attempts a WHERE a.step_id = s.id
                        ORDER BY a.attempt_number DESC LIMIT 1
                    )
                )
            ) OR (
                -- It was done once, and was to be done again.
                s.status IN ('failed', 'cancelled', 'skipped', 'pending') AND s.attempt_group > 1 AND s.completed_at IS NULL
                AND EXISTS (SELECT 1 FROM step_attempts a WHERE a.step_id = s.id AND a.status = 'completed')
            ))
    ) THEN
        RETURN 'reserved';
    END IF;
    RETURN 'released';
END $$;

-- Count again, from the requests themselves.
CREATE OR REPLACE FUNCTION stratus_quota_sum(p_holder text, p_resource text, OUT used numeric, OUT reserved numeric)
LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(amount) FILTER (WHERE state = 'used'), 0), coalesce(sum(amount) FILTER (WHERE state = 'reserved'), 0)
    FROM (
        SELECT r.quota_state, (r.quota_takes ->> p_resource)::numeric FROM service_requests r
        WHERE starts_with(p_holder, 'team:') AND r.requester_team = substr(p_holder, 6) AND r.quota_state IN ('used', 'reserved')
        UNION ALL
        SELECT r.quota_state, (r.quota_takes ->> p_resource)::numeric FROM service_requests r
        WHERE r.requester_id = CASE WHEN starts_with(p_holder, 'user:') THEN substr(p_holder, 6)::uuid END
            AND r.quota_state IN ('used', 'reserved')
    ) AS taken (state, amount)
$$;

-- Take part in counting for a holder until the transaction ends.
CREATE OR REPLACE FUNCTION stratus_quota_join(p_holder text) RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock_shared(hashtextextended('stratus quota ' || p_holder, 0))
$$;

-- Begin to count a resource for a holder, unless somebody has.
CREATE OR REPLACE FUNCTION stratus_quota_track(p_holder text, p_resource text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('stratus quota ' || p_holder, 0));
    INSERT INTO quota_counters (holder, resource, used, reserved)
        SELECT p_holder, p_resource, s.used, s.reserved FROM stratus_quota_sum(p_holder, p_resource) AS s
        WHERE NOT EXISTS (SELECT 1 FROM quota_counters c WHERE c.holder = p_holder AND c.resource = p_resource);
END $$;

-- Move what a request takes from one state to another; states that are no longer, or not yet, counted are null.
CREATE OR REPLACE FUNCTION stratus_quota_move(
    p_takes json, p_team text, p_requester uuid, p_before text, p_after text
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    holders CONSTANT text[] := ARRAY['team:' || p_team, 'user:' || p_requester];
BEGIN
    IF p_takes IS NULL OR p_takes::text = '{}' OR p_before IS NOT DISTINCT FROM p_after THEN
        RETURN;
    END IF;
    PERFORM stratus_quota_join(holders[1]);
    PERFORM stratus_quota_join(holders[2]);
    PERFORM 1 FROM quota_counters c WHERE c.holder = ANY (holders) AND p_takes ->> c.resource IS NOT NULL
        ORDER BY c.holder, c.resource FOR NO KEY UPDATE;
    UPDATE quota_counters c SET
        used = c.used + CASE WHEN p_after = 'used' THEN taken.amount ELSE 0 END
            - CASE WHEN p_before = 'used' THEN taken.amount ELSE 0 END,
        reserved = c.reserved + CASE WHEN p_after = 'reserved' THEN taken.amount ELSE 0 END
            - CASE WHEN p_before = 'reserved' THEN taken.amount ELSE 0 END
        FROM (SELECT key, value::numeric FROM json_each_text(p_takes)) AS taken (resource, amount)
        WHERE c.holder = ANY (holders) AND c.resource = taken.resource;
END $$;

CREATE OR REPLACE FUNCTION stratus_quota_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM stratus_quota_move(OLD.quota_takes, OLD.requester_team, OLD.requester_id, OLD.quota_state, NULL);
        RETURN NULL;
    END IF;
    IF TG_OP = 'INSERT' THEN
        PERFORM stratus_quota_move(NEW.quota_takes, NEW.requester_team, NEW.requester_id, NULL, NEW.quota_state);
        RETURN NULL;
    END IF;
    NEW.quota_state := stratus_quota_state(NEW.id, NEW.status, OLD.quota_state);
    IF NEW.quota_takes::text IS DISTINCT FROM OLD.quota_takes::text THEN
        PERFORM stratus_quota_move(OLD.quota_takes, OLD.requester_team, OLD.requester_id, OLD.quota_state, NULL);
        PERFORM stratus_quota_move(NEW.quota_takes, NEW.requester_team, NEW.requester_id, NULL, NEW.quota_state);
    ELSE
        PERFORM stratus_quota_move(NEW.quota_takes, NEW.requester_team, NEW.requester_id, OLD.quota_state, NEW.quota_state);
    END IF;
    RETURN NEW;
END $$;

DROP TRIGGER IF EXISTS stratus_quota_made ON service_requests;
CREATE TRIGGER stratus_quota_made AFTER INSERT ON service_requests
    FOR EACH ROW WHEN (NEW.quota_state IS NOT NULL) EXECUTE FUNCTION stratus_quota_follow();
DROP TRIGGER IF EXISTS stratus_quota_gone ON service_requests;
CREATE TRIGGER stratus_quota_gone AFTER DELETE ON service_requests
    FOR EACH ROW WHEN (OLD.quota_state IS NOT NULL) EXECUTE FUNCTION stratus_quota_follow();
-- Only at an end, after one, and where somebody changes what is taken: what moves in between costs nothing.
DROP TRIGGER IF EXISTS stratus_quota_moved ON service_requests;
CREATE TRIGGER stratus_quota_moved BEFORE UPDATE OF status, quota_takes ON service_requests
    FOR EACH ROW WHEN (
        OLD.quota_state IS NOT NULL AND (
            (NEW.status <> OLD.status AND (
                NEW.status IN ('completed', 'failed', 'cancelled', 'rejected', 'rolled_back')
                OR OLD.status IN ('failed', 'cancelled')
            ))
            OR NEW.quota_takes::text IS DISTINCT FROM OLD.quota_takes::text
        )
    ) EXECUTE FUNCTION stratus_quota_follow();
