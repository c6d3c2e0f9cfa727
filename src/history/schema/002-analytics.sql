-- What is asked most often, added up as orders come and go: the tables below hold what a count over orders and order_items
-- would say, by the statement that writes those. Nobody else writes them; a test counts again and compares.

-- The newest orders first, page by page, and those of some days.
CREATE INDEX orders_placed ON history.orders (placed_at, id);
-- The orders that have a product. Equal keys share their place: about 7 bytes a line.
CREATE INDEX order_items_product ON history.order_items (product_id);

-- `part` in all of them is the partition in whose orders it was found, so that archivers of two partitions never wait for
-- each other. What belongs to one key is the sum over its parts; a part alone may be below zero, after a repartition.

-- By payment method, weekday, hour and day. Without a payment method it is ''.
CREATE TABLE history.orders_by_hour (
  part smallint NOT NULL,
  day date NOT NULL,
  hour smallint NOT NULL,
  payment_method text COLLATE "C" NOT NULL,
  orders bigint NOT NULL,
  minor_units numeric NOT NULL,
  PRIMARY KEY (day, hour, payment_method, part)
) WITH (fillfactor = 70);

-- How much orders are worth. `value` is what they are worth in minor units, rounded down to three digits that matter.
CREATE TABLE history.orders_by_value (
  part smallint NOT NULL,
  month date NOT NULL,
  value bigint NOT NULL,
  orders bigint NOT NULL,
  minor_units numeric NOT NULL,
  PRIMARY KEY (month, value, part)
) WITH (fillfactor = 70);

CREATE TABLE history.products_by_month (
  part smallint NOT NULL,
  month date NOT NULL,
  product_id text COLLATE "C" NOT NULL,
  -- That have it at all.
  orders bigint NOT NULL,
  quantity numeric NOT NULL,
  -- Of its lines, exact, not in minor units.
  revenue numeric NOT NULL,
  PRIMARY KEY (month, product_id, part)
) WITH (fillfactor = 70);

-- What the two below are made from. A month without orders has no row.
CREATE TABLE history.user_months (
  user_id text COLLATE "C" NOT NULL,
  month date NOT NULL,
  orders bigint NOT NULL,
  minor_units bigint NOT NULL,
  PRIMARY KEY (user_id, month)
) WITH (fillfactor = 90);

-- Users by the month of their first order, and what they ordered in each month since.
CREATE TABLE history.cohorts (
  part smallint NOT NULL,
  first_month date NOT NULL,
  month date NOT NULL,
  users bigint NOT NULL,
  orders bigint NOT NULL,
  minor_units numeric NOT NULL,
  PRIMARY KEY (first_month, month, part)
) WITH (fillfactor = 70);

-- Users by how many orders they have.
CREATE TABLE history.users_by_orders (
  part smallint NOT NULL,
  orders bigint NOT NULL,
  users bigint NOT NULL,
  minor_units numeric NOT NULL,
  PRIMARY KEY (orders, part)
) WITH (fillfactor = 70);

CREATE FUNCTION history.month_of(day date) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN day - (extract(day FROM day)::integer - 1);

CREATE FUNCTION history.three_digits(value bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN trunc(value::numeric, least(0, 3 - length(value::text)))::bigint;

-- Adds the orders that a statement has written, or takes away those that it has removed: `changed` are either, and the
-- argument is 1 or -1. With the rights of the owner, so that whoever writes orders can write nothing else here. Rows are
-- taken in the order of their keys, so that two writers wait for each other at most.
CREATE FUNCTION history.add_up_orders() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
  sign CONSTANT integer := TG_ARGV[0]::integer;
BEGIN
  INSERT INTO history.orders_by_hour AS known
  SELECT id >> 40, day, extract(hour FROM placed_at AT TIME ZONE 'UTC'), coalesce(payment_method, ''),
    sign * count(*), sign * sum(minor_units)
  FROM changed GROUP BY 2, 3, 4, 1 ORDER BY 2, 3, 4, 1
  ON CONFLICT (day, hour, payment_method, part) DO UPDATE
  SET orders = known.orders + excluded.orders, minor_units = known.minor_units + excluded.minor_units;

  INSERT INTO history.orders_by_value AS known
  SELECT id >> 40, history.month_of(day), history.three_digits(minor_units), sign * count(*), sign * sum(minor_units)
  FROM changed GROUP BY 2, 3, 1 ORDER BY 2, 3, 1
  ON CONFLICT (month, value, part) DO UPDATE
  SET orders = known.orders + excluded.orders, minor_units = known.minor_units + excluded.minor_units;

  -- One statement, so that all of it sees the months of these users as they were; `months` has them beside what they become.
  -- OFFSET 0 keeps the planner from reading all of the table.
  WITH changes AS MATERIALIZED (
    SELECT user_id, history.month_of(day) AS month, sign * count(*) AS orders, sign * sum(minor_units)::bigint AS minor_units,
      min(id >> 40) AS part
    FROM changed GROUP BY 1, 2
  ), kept AS (
    INSERT INTO history.user_months AS known
    SELECT user_id, month, orders, minor_units FROM changes ORDER BY 1, 2
    ON CONFLICT (user_id, month) DO UPDATE
    SET orders = known.orders + excluded.orders, minor_units = known.minor_units + excluded.minor_units
  ), months AS MATERIALIZED (
    SELECT user_id, month, sum(had)::bigint AS had, sum(had_units)::bigint AS had_units, sum(has)::bigint AS has,
      sum(has_units)::bigint AS has_units, min(part) AS part
    FROM (
      SELECT m.user_id, m.month, m.orders AS had, m.minor_units AS had_units, m.orders AS has, m.minor_units AS has_units,
        NULL::bigint AS part
      FROM (SELECT DISTINCT user_id FROM changes) u CROSS JOIN LATERAL (
        SELECT * FROM history.user_months m WHERE m.user_id = u.user_id OFFSET 0
      ) m
      UNION ALL SELECT user_id, month, 0, 0, orders, minor_units, part FROM changes
    ) AS each GROUP BY 1, 2
  ), by_orders AS (
    INSERT INTO history.users_by_orders AS known
    SELECT part, place.orders, sum(place.users), sum(place.minor_units)
    FROM (
      SELECT min(part) AS part, sum(had)::bigint AS had, sum(had_units) AS had_units, sum(has)::bigint AS has,
        sum(has_units) AS has_units
      FROM months GROUP BY user_id
    ) AS users CROSS JOIN LATERAL (VALUES (has, 1, has_units), (had, -1, -had_units)) AS place (orders, users, minor_units)
    WHERE place.orders > 0 GROUP BY 2, 1 ORDER BY 2, 1
    ON CONFLICT (orders, part) DO UPDATE
    SET users = known.users + excluded.users, minor_units = known.minor_units + excluded.minor_units
  )
  INSERT INTO history.cohorts AS known
  SELECT of_user, place.first, month, sum(place.users), sum(place.orders), sum(place.minor_units)
  FROM (
    SELECT *, min(part) OVER of_one AS of_user, min(month) FILTER (WHERE had > 0) OVER of_one AS was,
      min(month) FILTER (WHERE has > 0) OVER of_one AS became
    FROM months WINDOW of_one AS (PARTITION BY user_id)
  ) AS moved CROSS JOIN LATERAL (VALUES (became, 1, has, has_units), (was, -1, -had, -had_units))
    AS place (first, users, orders, minor_units)
  -- Where the first month stays, which is nearly always, only the months of these orders move.
  WHERE place.orders <> 0 AND (part IS NOT NULL OR was IS DISTINCT FROM became) GROUP BY 2, 3, 1 ORDER BY 2, 3, 1
  ON CONFLICT (first_month, month, part) DO UPDATE
  SET users = known.users + excluded.users, orders = known.orders + excluded.orders,
    minor_units = known.minor_units + excluded.minor_units;

  IF sign < 0 THEN
    DELETE FROM history.user_months
    WHERE user_id = ANY (ARRAY(SELECT DISTINCT user_id FROM changed)) AND orders = 0;
  END IF;
  RETURN NULL;
END $$;

-- All lines of an order come and go in one statement.
CREATE FUNCTION history.add_up_items() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
DECLARE
  sign CONSTANT integer := TG_ARGV[0]::integer;
BEGIN
  INSERT INTO history.products_by_month AS known
  SELECT part, month, product_id, sign * count(*), sign * sum(quantity), sign * sum(revenue)
  FROM (
    SELECT order_id >> 40 AS part, history.month_of(day) AS month, product_id, sum(quantity) AS quantity,
      sum(quantity * price_per_unit) AS revenue
    FROM changed GROUP BY order_id, 2, 3
  ) AS of_order
  GROUP BY 2, 3, 1 ORDER BY 2, 3, 1
  ON CONFLICT (month, product_id, part) DO UPDATE
  SET orders = known.orders + excluded.orders, quantity = known.quantity + excluded.quantity,
    revenue = known.revenue + excluded.revenue;
  RETURN NULL;
END $$;

CREATE TRIGGER add_inserted AFTER INSERT ON history.orders REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION history.add_up_orders('1');
CREATE TRIGGER take_deleted AFTER DELETE ON history.orders REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION history.add_up_orders('-1');
-- The old row first: triggers of one event go by their names.
CREATE TRIGGER update_1_takes AFTER UPDATE ON history.orders REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION history.add_up_orders('-1');
CREATE TRIGGER update_2_adds AFTER UPDATE ON history.orders REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION history.add_up_orders('1');

CREATE TRIGGER add_inserted AFTER INSERT ON history.order_items REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION history.add_up_items('1');
CREATE TRIGGER take_deleted AFTER DELETE ON history.order_items REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION history.add_up_items('-1');
CREATE TRIGGER update_1_takes AFTER UPDATE ON history.order_items REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION history.add_up_items('-1');
CREATE TRIGGER update_2_adds AFTER UPDATE ON history.order_items REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION history.add_up_items('1');

-- What was there before.
INSERT INTO history.orders_by_hour
SELECT id >> 40, day, extract(hour FROM placed_at AT TIME ZONE 'UTC'), coalesce(payment_method, ''), count(*), sum(minor_units)
FROM history.orders GROUP BY 1, 2, 3, 4;
INSERT INTO history.orders_by_value
SELECT id >> 40, history.month_of(day), history.three_digits(minor_units), count(*), sum(minor_units)
FROM history.orders GROUP BY 1, 2, 3;
INSERT INTO history.products_by_month
SELECT part, month, product_id, count(*), sum(quantity), sum(revenue) FROM (
  SELECT order_id >> 40 AS part, history.month_of(day) AS month, product_id, sum(quantity) AS quantity,
    sum(quantity * price_per_unit) AS revenue
  FROM history.order_items GROUP BY order_id, 2, 3
) AS of_order GROUP BY 1, 2, 3;
INSERT INTO history.user_months
SELECT user_id, history.month_of(day), count(*), sum(minor_units) FROM history.orders GROUP BY 1, 2;
INSERT INTO history.cohorts
SELECT 0, first, month, count(*), sum(orders), sum(minor_units) FROM (
  SELECT month, orders, minor_units, min(month) OVER (PARTITION BY user_id) AS first FROM history.user_months
) AS each GROUP BY 2, 3;
INSERT INTO history.users_by_orders
SELECT 0, orders, count(*), sum(minor_units) FROM (
  SELECT sum(orders) AS orders, sum(minor_units) AS minor_units FROM history.user_months GROUP BY user_id
) AS each GROUP BY 2;
