-- Every counted order once, with its items. Names are those of docs/history.md.

-- Where the archive of each partition stands. An order's id is its partition's id times 2^40 plus its place in there, so
-- ids need no sequence and orders of one partition lie together in the order of their counting.
CREATE TABLE history.positions (
  id smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- The hash tag with its braces: an index would mean something else after a repartition.
  tag text NOT NULL UNIQUE,
  -- The last entry of the stream that is in these tables, and its digest: it stays in the stream, so that the two can be
  -- held against each other before anything is added.
  seq bigint NOT NULL DEFAULT 0,
  digest bytea,
  -- Orders that have an id.
  orders bigint NOT NULL DEFAULT 0,
  moved_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE history.orders (
  id bigint PRIMARY KEY,
  -- The entry that says it counted. Null: Redis has lost that since, and will count the order again if it comes again.
  seq bigint,
  minor_units bigint NOT NULL,
  placed_at timestamptz NOT NULL,
  received_at timestamptz NOT NULL,
  -- By the clock of Redis.
  counted_at timestamptz NOT NULL,
  -- The UTC day it counts for.
  day date NOT NULL,
  user_id text COLLATE "C" NOT NULL,
  order_id text COLLATE "C" NOT NULL,
  currency text COLLATE "C" NOT NULL,
  payment_method text COLLATE "C",
  message_id text COLLATE "C" NOT NULL,
  -- As in the ledger.
  digest bytea NOT NULL,
  -- With HISTORY_ADDRESSES=on alone.
  address text
);

-- What makes an order counted once; finds one order, and all of a user.
CREATE UNIQUE INDEX orders_once ON history.orders (user_id, order_id);

-- No foreign key: a trigger for each row would cost more than the row. Whoever removes an order removes these first.
CREATE TABLE history.order_items (
  order_id bigint NOT NULL,
  -- Of its order: questions about products need no join.
  day date NOT NULL,
  line integer NOT NULL,
  product_id text COLLATE "C" NOT NULL,
  quantity numeric NOT NULL,
  price_per_unit numeric NOT NULL
);

CREATE INDEX order_items_order ON history.order_items (order_id);
-- Orders arrive nearly by day, so a summary of each stretch of the table is enough, and takes no room.
CREATE INDEX order_items_day ON history.order_items USING brin (day) WITH (autosummarize = on);

-- An order that counted once more: beyond the window of the ledger nobody can tell that it is known. Redis counts it, so it
-- belongs to the totals; whether it is the same order by its content, `digest` says.
CREATE TABLE history.counted_again (
  tag text NOT NULL,
  seq bigint NOT NULL,
  -- Within the entry.
  place smallint NOT NULL,
  user_id text COLLATE "C" NOT NULL,
  order_id text COLLATE "C" NOT NULL,
  minor_units bigint NOT NULL,
  placed_at timestamptz NOT NULL,
  received_at timestamptz NOT NULL,
  counted_at timestamptz NOT NULL,
  day date NOT NULL,
  currency text COLLATE "C" NOT NULL,
  payment_method text COLLATE "C",
  message_id text COLLATE "C" NOT NULL,
  digest bytea NOT NULL,
  -- [product_id, quantity, price_per_unit] each.
  items jsonb NOT NULL,
  PRIMARY KEY (tag, seq, place)
);

CREATE INDEX counted_again_order ON history.counted_again (user_id, order_id);

-- What is not in these tables although Redis counted it: before the history was kept, while some worker kept none, or
-- because entries were lost. The totals of Redis are those of orders, counted_again and this.
CREATE TABLE history.gaps (
  tag text NOT NULL,
  -- It lies before this entry.
  seq bigint NOT NULL,
  kind text NOT NULL CHECK (kind IN ('opening', 'not_kept', 'entries_lost')),
  -- Null where nobody knows: entries that were deleted take their numbers along.
  orders bigint,
  minor_units bigint,
  found_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tag, seq, kind)
);

-- Redis was set back: to a backup, or to a replica that lacked what was acknowledged. What it counted after `seq` and up to
-- `was` was lost there and is kept here, without a seq, until it counts again.
CREATE TABLE history.set_back (
  tag text NOT NULL,
  seq bigint NOT NULL,
  was bigint NOT NULL,
  orders bigint NOT NULL,
  minor_units bigint NOT NULL,
  found_at timestamptz NOT NULL DEFAULT now()
);

-- Which installation this is the history of, as its Redis says it.
CREATE TABLE history.installation (
  id text NOT NULL,
  only_one boolean NOT NULL DEFAULT true PRIMARY KEY CHECK (only_one)
);
