-- A Redis that was rebuilt from these tables has nothing of what they lack: then a gap is no part of its totals any more.
ALTER TABLE history.gaps ADD COLUMN in_redis boolean NOT NULL DEFAULT true;

-- What Redis has lost is looked at again and again, and there is hardly ever any.
CREATE INDEX orders_lost ON history.orders (id) WHERE seq IS NULL;

-- Of an order whose user was erased: its name in the ledger, as long as that may remember it. Else it is made of the two ids.
ALTER TABLE history.orders ADD COLUMN identity bytea;
ALTER TABLE history.counted_again ADD COLUMN identity bytea;
CREATE INDEX orders_identity ON history.orders (counted_at) WHERE identity IS NOT NULL;

-- Whether somebody has said that this is known; until then it is a trouble in /health.
ALTER TABLE history.gaps ADD COLUMN accepted boolean NOT NULL DEFAULT false;
ALTER TABLE history.set_back ADD COLUMN accepted boolean NOT NULL DEFAULT false;
