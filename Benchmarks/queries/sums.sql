-- One question a line, of a table `readings`; the same text for every engine.
SELECT sum(speed) FROM readings
SELECT sum(travel) FROM readings
SELECT sum(minutes) FROM readings
SELECT sum(vehicles) FROM readings
SELECT min(travel) FROM readings
SELECT avg(speed) FROM readings
SELECT sum(travel) FROM readings WHERE speed > 60
SELECT count(*) FROM readings WHERE minutes < 1.5
