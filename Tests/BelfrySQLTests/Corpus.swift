/// The questions that Belfry was designed around, as its users would write them, and statements
/// that show each clause once.
enum Corpus {
    /// The golden questions of a real city.
    static let city = #"""
        -- counts (rows read are in the import's summary)
        SELECT 'traffic' AS table_name, count(*) AS stored FROM traffic UNION ALL SELECT
          'pollution', count(*) FROM pollution
        UNION ALL SELECT 'weather', count(*) FROM weather UNION ALL SELECT 'parking', count(*)
          FROM parking;
        -- hourly_traffic
        SELECT bucket, sensor, count(*) AS n, avg(speed) AS speed, sum(vehicles) AS vehicles,
          max(travel) AS travel
        FROM traffic WHERE time >= '2014-09-01' AND time < '2014-09-03' GROUP BY sensor SAMPLE
          BY '1 hour' ORDER BY sensor, bucket;
        -- daily_city
        SELECT bucket, count(*) AS n, avg(speed) AS speed, sum(vehicles) AS vehicles FROM
          traffic SAMPLE BY '1 day' ORDER BY bucket;
        -- latest
        SELECT sensor, time, speed, vehicles FROM traffic LATEST BY (sensor) ORDER BY sensor;
        -- asof_weather
        SELECT count(*) AS n, sum(t.vehicles) AS vehicles, avg(w.tempm) AS tempm,
          count(w.tempm) AS with_temp
        FROM traffic t ASOF JOIN weather w;
        -- asof_pollution
        SELECT t.sensor, count(*) AS n, count(p.no2) AS matched, corr(t.vehicles, p.no2) AS r
        FROM traffic t ASOF JOIN pollution p USING (sensor) GROUP BY t.sensor ORDER BY t.sensor;
        -- asof_pollution_10m
        SELECT count(*) AS n, count(p.no2) AS matched, avg(p.no2) AS no2
        FROM traffic t ASOF JOIN pollution p USING (sensor) TOLERANCE '10 minutes';
        -- align_hourly
        SELECT bucket, avg(t.speed) AS speed, sum(t.vehicles) AS vehicles, avg(p.pm) AS pm,
          avg(p.no2) AS no2, avg(w.tempm) AS tempm,
               max(w.wspdm) AS wind, sum(k.spaces - k.vehicles) AS free, count(k.*) AS reports
        FROM traffic t ALIGN JOIN pollution p ALIGN JOIN weather w ALIGN JOIN parking k
        WHERE time >= '2014-08-15' AND time < '2014-08-22' SAMPLE BY '1 hour' ORDER BY bucket;
        -- parking_local_days: the bucket is an instant, its local reading the label; the range
        -- stays UTC, so both end days are cut
        SELECT bucket AT TIME ZONE 'Europe/Copenhagen' AS day, garage, count(*) AS n,
          max(vehicles) AS vehicles
        FROM parking WHERE time >= '2014-10-20' AND time < '2014-11-04'
        GROUP BY garage SAMPLE BY '1 day' TIME ZONE 'Europe/Copenhagen' ORDER BY garage, day;
        """#

    /// Questions of public benchmark suites.
    static let suites = #"""
        -- TSBS lastpoint; groupby-orderby-limit
        SELECT * FROM cpu LATEST BY (hostname);
        SELECT bucket, max(usage_user) FROM cpu WHERE time < :t SAMPLE BY '1 minute' ORDER BY
          bucket DESC LIMIT 5;
        -- TSBS high-load (low-fuel likewise): the condition judges the latest row, so QUALIFY
        -- and not WHERE
        SELECT r.name, r.driver, d.current_load FROM diagnostics d JOIN truck r USING (name)
        WHERE r.fleet = :fleet LATEST BY (name) QUALIFY d.current_load > 0.9 * r.load_capacity;
        -- TSBS long-driving-sessions
        SELECT name, driver
        FROM (SELECT bucket, name FROM readings WHERE time >= :a AND time < :b GROUP BY name
          SAMPLE BY '10 minutes' HAVING avg(velocity) > 1) s
        JOIN truck USING (name) WHERE fleet = :fleet GROUP BY name, driver HAVING count(*) > 22;
        -- TSBS avg-daily-driving-duration: a result of SAMPLE BY is sampled again
        WITH slot AS (SELECT bucket, name FROM readings GROUP BY name SAMPLE BY '10 minutes'
          HAVING avg(velocity) > 1),
             daily AS (SELECT bucket, name, count(*) / 6.0 AS hours FROM slot GROUP BY name
          SAMPLE BY '1 day')
        SELECT fleet, name, driver, avg(hours) AS hours FROM daily JOIN truck USING (name)
          GROUP BY fleet, name, driver;
        -- TSBS avg-daily-driving-session
        WITH slot AS (SELECT bucket, name, avg(velocity) > 5 AS driving FROM readings GROUP BY
          name SAMPLE BY '10 minutes'),
             run AS (SELECT name, seg_start, seg_duration, driving FROM slot GROUP BY name
          SEGMENT BY STATE driving)
        SELECT name, time_bucket('1 day', seg_start) AS day, avg(seg_duration) AS duration FROM
          run WHERE driving GROUP BY name, day;
        -- TSBS breakdown-frequency
        WITH slot AS (SELECT bucket, name, avg((status = 0)::int) >= 0.5 AS broken FROM
          diagnostics GROUP BY name SAMPLE BY '10 minutes'),
             step AS (SELECT name, broken, lag(broken) OVER (PARTITION BY name ORDER BY bucket)
          AS before FROM slot)
        SELECT model, count(*) FROM step JOIN truck USING (name) WHERE broken AND NOT before
          GROUP BY model;
        -- TSM-Bench Q5: neighbours outside the range are found
        SELECT bucket, station, sample(s1, 'linear') AS s1, sample(s2, 'linear') AS s2,
          sample(s3, 'linear') AS s3
        FROM d1 WHERE time >= :a AND time < :b AND station IN ('st1', 'st2') GROUP BY station
          SAMPLE BY '5 seconds';
        -- CityBench Q2 on a grid of instants
        SELECT g.at, r.sensor, t.vehicles, w.tempm, w.hum, w.wspdm
        FROM generate_series(:a::timestamptz, :b, '5 minutes') g(at) CROSS JOIN route r
        ASOF JOIN traffic t ON t.sensor = r.sensor AND g.at >= t.time TOLERANCE '15 minutes'
        ASOF JOIN weather w ON g.at >= w.time TOLERANCE '1 hour';
        -- CityBench Q9: the cheapest event, its three nearest car parks, their free places
        SELECT e.name, g.garage, p.spaces - p.vehicles AS free
        FROM (SELECT * FROM city_event WHERE start >= :t ORDER BY price LIMIT 1) e
        NEAREST 3 JOIN garage g BY geo_distance(e.lat, e.lon, g.lat, g.lon) TOLERANCE 1000
        ASOF JOIN parking p ON p.garage = g.garage AND :t >= p.time;
        -- CityBench Q11; Q12
        SELECT NOT EXISTS (SELECT FROM weather WHERE time > :t - INTERVAL '1 hour' AND time <=
          :t) AS silent;
        SELECT sensor, count(*) FROM traffic WHERE time > :t - INTERVAL '30 minutes' AND time
          <= :t AND vehicles > :limit
        GROUP BY sensor HAVING count(*) > 3;
        -- CityBench Q13: hours, and five minutes in the busy ones
        WITH hourly AS (SELECT bucket, bucket_end, sensor, avg(speed) AS speed, avg(vehicles) >
          :limit AS busy
                        FROM traffic WHERE time >= :a AND time < :b GROUP BY sensor SAMPLE BY
          '1 hour')
        SELECT bucket, sensor, speed FROM hourly WHERE NOT busy
        UNION ALL
        SELECT bucket, sensor, avg(speed) FROM traffic t WHERE time >= :a AND time < :b AND EXISTS
          (SELECT FROM hourly h WHERE h.busy AND h.sensor = t.sensor AND t.time >= h.bucket AND
          t.time < h.bucket_end)
        GROUP BY sensor SAMPLE BY '5 minutes';
        """#

    /// Questions across domains.
    static let crossDomain = #"""
        -- 2: six instants around each incident; the nearest station that sent something within
        -- half an hour
        SELECT i.id, o.minutes, t.speed, s.station
        FROM incident i
        NEAREST 1 JOIN road_sensor FOR valid AS OF i.time AS r BY geo_distance(i.lat, i.lon,
          r.lat, r.lon)
        NEAREST 1 JOIN air_site s BY geo_distance(i.lat, i.lon, s.lat, s.lon)
          ON EXISTS (SELECT FROM air a WHERE a.station = s.station AND a.time > i.time -
          INTERVAL '30 minutes' AND a.time <= i.time)
        CROSS JOIN (VALUES (-60), (-30), (-15), (15), (30), (60)) o(minutes)
        ASOF JOIN traffic t ON t.sensor = r.sensor AND i.time + o.minutes * INTERVAL '1 minute'
          >= t.time TOLERANCE '10 minutes';
        -- 3: 25 rows a district on this day (TimeZone 'Europe/Copenhagen'); their sum is the
        -- same query with '1 day'
        SELECT bucket, district, sum(increase(energy)) AS kwh FROM meter JOIN meter_site USING
          (meter)
        WHERE time >= '2025-10-26' AND time < '2025-10-27' GROUP BY district SAMPLE BY '1 hour';
        -- 4
        SELECT bucket, garage, time_avg(vehicles >= spaces) TOLERANCE '1 hour' AS share_full,
          coverage(vehicles >= spaces) TOLERANCE '1 hour' AS covered
        FROM parking WHERE time >= :a AND time < :b GROUP BY garage SAMPLE BY '1 day' TIME ZONE
          'Europe/Copenhagen';
        -- 5: for each lead the forecast known then, against the observation on the line
        -- between its neighbours
        SELECT l.hours, avg(abs(f.temp - o.temp)) AS error, count(o.temp) AS n
        FROM (VALUES (1), (3), (6), (12), (24)) l(hours)
        CROSS JOIN LATERAL (SELECT * FROM forecast FOR VERSION AS OF time - l.hours * INTERVAL
          '1 hour' WHERE time >= :a AND time < :b) f
        ASOF JOIN observation o USING (station) MATCH LINEAR TOLERANCE '2 hours'
        GROUP BY l.hours;
        -- 6 (on Aarhus)
        SELECT s.minutes, count(t.vehicles) AS n, corr(p.pm, t.vehicles) AS r
        FROM generate_series(0, 180, 15) s(minutes) CROSS JOIN pollution p
        ASOF JOIN traffic t ON t.sensor = p.sensor AND p.time - s.minutes * INTERVAL '1 minute'
          >= t.time TOLERANCE '10 minutes'
        GROUP BY s.minutes ORDER BY s.minutes;
        -- 7
        SELECT s.sensor, s.last_time, l.speed
        FROM series('traffic') s JOIN (SELECT sensor, speed FROM traffic LATEST BY (sensor)) l
          USING (sensor)
        WHERE :t - s.last_time > 3 * s.cadence;
        -- 8: unregistered sensors under NULL
        SELECT bucket, r.district, count(*) AS n, avg(t.speed) AS speed
        FROM traffic t LEFT JOIN road_sensor FOR valid AS OF t.time AS r USING (sensor)
        WHERE t.time >= :a AND t.time < :b GROUP BY r.district SAMPLE BY '1 day' TIME ZONE
          'Europe/Copenhagen';
        """#
}
