-- What a worker does between two steps, in one call: record that a step is done, make its children ready, say so, and take the
-- next ready step. Only the plain case: whatever else may be the matter is answered with `elsewhere`, nothing is written, and
-- `progress.record` does it in many words. `app.lifecycle.advance` calls this, gives the legal moves of `core.statuses` along,
-- and says what the answers mean. Changing it takes a migration that runs this file again.
--
-- The order of locks is that of every writer: the request, then its steps. The next step is looked for with both rows locked,
-- skipping what others hold, since one request's lock is held already.
CREATE OR REPLACE FUNCTION stratus_advance(
    p_request uuid, p_step uuid, p_attempt integer, p_token uuid,
    p_inputs json, p_outputs json, p_secret bytea, p_sensitive jsonb, p_checks jsonb, p_external text, p_tracking text,
    p_done_from text[], p_ready_from text[], p_take_from text[],
    p_take boolean, p_worker text, p_lease interval, p_budget interval
) RETURNS TABLE (said text, made_ready integer, contended boolean, step request_steps, request uuid, request_id text)
LANGUAGE plpgsql AS $$
DECLARE
    actor CONSTANT text := 'worker:' || p_worker;
    mine record;
    done record;
    following record;
    token uuid;
    others_left boolean;
    group_left boolean;
    something_moves boolean;
    hangs_on_more boolean;
    became text;
    kinds text[] := '{}';
    steps text[] := '{}';
    payloads text[] := '{}';
BEGIN
    made_ready := 0;
    contended := false;
    IF p_step IS NOT NULL THEN
        SELECT r.request_id, r.status, r.failure, r.output_groups INTO mine
            FROM service_requests r WHERE r.id = p_request FOR NO KEY UPDATE;
        SELECT s.step_id, s.step_name, s.item_alias, s.external_id, s.lease_token, s.status INTO done
            FROM request_steps s WHERE s.id = p_step;
        IF done.lease_token IS DISTINCT FROM p_token OR NOT done.status = ANY (p_done_from) THEN
            said := 'elsewhere';
            RETURN NEXT;
            RETURN;
        END IF;
        SELECT count(*) > 0, coalesce(bool_or(s.item_alias IS NOT DISTINCT FROM done.item_alias), false),
                coalesce(bool_or(s.status IN ('ready', 'running', 'verifying')), false)
            INTO others_left, group_left, something_moves
            FROM request_steps s
            WHERE s.request_id = p_request AND s.id <> p_step AND s.status NOT IN ('completed', 'skipped');
        IF mine.status <> 'in_progress' OR mine.failure IS NOT NULL
            -- An item, or all of it, is finished: whoever declared outputs gets them made.
            OR (NOT group_left AND (mine.output_groups IS NULL OR mine.output_groups ? coalesce(done.item_alias, 'bundle')))
            OR (NOT others_left AND mine.output_groups ? 'bundle')
        THEN
            said := 'elsewhere';
            RETURN NEXT;
            RETURN;
        END IF;
        IF others_left THEN
            SELECT count(*), bool_or(s.step_config -> 'when' IS NOT NULL), array_agg(s.step_id::text ORDER BY s.position),
                    array_agg(json_build_object('name', s.step_name)::text ORDER BY s.position)
                INTO made_ready, hangs_on_more, steps, payloads
                FROM request_steps s
                WHERE s.request_id = p_request AND s.status = ANY (p_ready_from) AND s.depends_on ? done.step_id
                    AND NOT EXISTS (
                        SELECT 1 FROM request_steps parent
                        WHERE parent.request_id = p_request AND parent.id <> p_step AND s.depends_on ? parent.step_id
                            AND parent.status NOT IN ('completed', 'skipped')
                    );
            -- A `when` is worked out elsewhere. So is what is left where nothing moves any more: it waits for a person, or behind
            -- what failed.
            IF hangs_on_more OR (made_ready = 0 AND NOT something_moves) THEN
                said := 'elsewhere';
                made_ready := 0;
                RETURN NEXT;
                RETURN;
            END IF;
        END IF;
        UPDATE request_steps s SET
            status = 'completed', activity = 'run', completed_at = clock_timestamp(), managed_by = 'automation',
            outputs = p_outputs, secret_outputs = p_secret, sensitive_outputs = p_sensitive, verification = p_checks,
            external_id = coalesce(p_external, s.external_id), tracking_url = coalesce(p_tracking, s.tracking_url),
            lease_token = NULL, lease_until = NULL, claimed_by = NULL, handle = '{}', error = NULL, losses = 0
            WHERE s.id = p_step;
        UPDATE step_attempts a SET
            status = 'completed', completed_at = clock_timestamp(), inputs = coalesce(p_inputs, a.inputs),
            external_id = coalesce(p_external, done.external_id)
            WHERE a.step_id = p_step AND a.attempt_number = p_attempt;
        IF made_ready > 0 THEN
            UPDATE request_steps s SET status = 'ready', ready_at = clock_timestamp()
                WHERE s.request_id = p_request AND s.step_id = ANY (steps);
        END IF;
        kinds := 'step.completed'::text || array_fill('step.ready'::text, ARRAY[made_ready]);
        steps := done.step_id::text || steps;
        payloads := json_build_object('name', done.step_name)::text || payloads;
        IF NOT others_left THEN
            kinds := kinds || 'request.completed'::text;
            steps := steps || NULL::text;
            payloads := payloads || '{}'::text;
            became := 'completed';
        END IF;
        said := 'recorded';
    END IF;
    IF p_take THEN
        SELECT s.id AS step, r.id AS request, r.request_id, r.status INTO following
            FROM request_steps s JOIN service_requests r ON r.id = s.request_id
            WHERE s.status = 'ready' ORDER BY s.priority, s.request_number, s.position LIMIT 1
            FOR NO KEY UPDATE SKIP LOCKED;
        IF following.step IS NOT NULL THEN
            token := gen_random_uuid();
            UPDATE request_steps s SET
                status = 'running', activity = 'run', lease_token = token, lease_until = clock_timestamp() + p_lease,
                claimed_at = clock_timestamp(), claimed_by = p_worker, check_after = NULL,
                attempt = s.attempt + 1, group_attempt = s.group_attempt + 1,
                started_at = coalesce(s.started_at, clock_timestamp()),
                deadline = least(
                    clock_timestamp() + coalesce(make_interval(secs => (s.step_config ->> 'timeout')::float), p_budget),
                    CASE WHEN s.step_config ->> 'automation_timeout' IS NOT NULL THEN stratus_automation_ends(s) END
                )
                WHERE s.id = following.step AND s.status = ANY (p_take_from)
                RETURNING s.* INTO step;
            INSERT INTO step_attempts (step_id, attempt_number, idempotency_key, status, worker, lease_token)
                VALUES (step.id, step.attempt, step.id || ':' || step.attempt_group, 'running', p_worker, token);
            IF p_step IS NOT NULL AND following.request <> p_request THEN
                PERFORM stratus_tell(p_request, mine.request_id, actor, became, kinds, steps, payloads);
                became := NULL;
                kinds := '{}';
                steps := '{}';
                payloads := '{}';
            END IF;
            request := following.request;
            request_id := following.request_id;
            kinds := kinds || 'step.running'::text;
            steps := steps || step.step_id::text;
            payloads := payloads || json_build_object('name', step.step_name)::text;
            IF following.status = 'submitted' THEN
                kinds := kinds || 'request.in_progress'::text;
                steps := steps || NULL::text;
                payloads := payloads || '{}'::text;
                became := 'in_progress';
            END IF;
            PERFORM stratus_tell(request, request_id, actor, became, kinds, steps, payloads);
            RETURN NEXT;
            RETURN;
        END IF;
        contended := EXISTS (SELECT 1 FROM request_steps s WHERE s.status = 'ready');
    END IF;
    IF p_step IS NOT NULL THEN
        PERFORM stratus_tell(p_request, mine.request_id, actor, became, kinds, steps, payloads);
    END IF;
    RETURN NEXT;
END $$;

-- Number what happened to one request, whose row is locked, and audit it: what `app.events.tell` does. p_status: what the request
-- has become by it, if anything; written with the counter, since each write of a request's row is dear.
CREATE OR REPLACE FUNCTION stratus_tell(
    p_request uuid, p_request_id text, p_actor text, p_status text, p_kinds text[], p_steps text[], p_payloads text[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    many CONSTANT integer := cardinality(p_kinds);
    before integer;
BEGIN
    IF p_status IS NULL THEN
        UPDATE service_requests r SET last_event = r.last_event + many, updated_at = clock_timestamp()
            WHERE r.id = p_request RETURNING r.last_event - many INTO before;
    ELSE
        UPDATE service_requests r SET
            last_event = r.last_event + many, updated_at = clock_timestamp(), status = p_status,
            completed_at = CASE WHEN p_status = 'completed' THEN clock_timestamp() END
            WHERE r.id = p_request RETURNING r.last_event - many INTO before;
    END IF;
    WITH told AS (
        INSERT INTO request_events (request_id, number, kind, actor, step_id, payload)
            SELECT p_request, before + one.place, one.kind, p_actor, one.step_id, one.payload::json
            FROM unnest(p_kinds, p_steps, p_payloads) WITH ORDINALITY AS one (kind, step_id, payload, place)
    )
    INSERT INTO audit_log (actor, action, target, result, details)
        SELECT p_actor, one.kind, 'request:' || p_request_id || coalesce('/' || one.step_id, ''), 'done',
            CASE one.kind
                WHEN 'request.in_progress' THEN '{"before": "submitted"}'::json
                WHEN 'request.completed' THEN '{"before": "in_progress"}'::json
                ELSE '{}'::json
            END
        FROM unnest(p_kinds, p_steps) AS one (kind, step_id);
END $$;

-- When the time of an item's whole automation is over: what `app.lifecycle.claims` says of it.
CREATE OR REPLACE FUNCTION stratus_automation_ends(p_step request_steps) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        greatest(
            (SELECT min(s.started_at) FROM request_steps s
                WHERE s.request_id = p_step.request_id AND s.item_alias IS NOT DISTINCT FROM p_step.item_alias),
            (SELECT max(t.resolved_at) FROM manual_tickets t WHERE t.request_id = p_step.request_id),
            (SELECT max(e.occurred_at) FROM request_events e
                WHERE e.request_id = p_step.request_id AND e.kind = 'request.resumed')
        ),
        clock_timestamp()
    ) + make_interval(secs => (p_step.step_config ->> 'automation_timeout')::float)
$$;
