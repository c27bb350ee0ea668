#!/usr/bin/env python3
"""A second, slow telling of the town: the daily digests of traffic, air and weather.

Written from what the town is meant to be, not for speed: integers only, every reading made alone.
It must print the lines that the generator writes to truth/digest.txt for these tables and days.

    tools/town-reference.py --profile S --start 2025-10-06 --days 1 --seed 19 traffic weather
"""

import argparse
import datetime
import functools
import math

MASK = (1 << 64) - 1
ONE = 65536
SIDE = 24
DAY = 86400

# What a draw is for.
(ZONE, SITE) = (1, 2)
(CLOUD, SYNOPTIC, HEAT_WAVE, WIND_SPEED, WIND_DIRECTION, PRESSURE, HUMIDITY, RAIN, DAY_LEVEL,
 CITY_EVENT, INCIDENT, HAZE) = range(10, 22)
(WEATHER_NOISE, TRAFFIC_NOISE, AIR_NOISE) = (30, 31, 32)
FAULT = {"weather": 50, "traffic": 51, "air": 52}
SILENCE = 60
(ROAD, STATION, SKY, GARAGE, METER, VENUE) = range(6)


# --- numbers -------------------------------------------------------------------------------------

def scramble(word):
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & MASK
    return word ^ (word >> 31)


class Draws:
    def __init__(self, seed, stream, sensor=0):
        named = (scramble(seed) + stream * 0xD6E8FEB86659FD93
                 + sensor * 0xA0761D6478BD642F) & MASK
        self.base = scramble(named)

    def __call__(self, tick, number=0):
        return scramble((self.base + tick * 0x9E3779B97F4A7C15
                         + number * 0xC2B2AE3D27D4EB4F) & MASK)


def fraction(draw):
    return draw >> 48


def swing(draw):
    return (draw >> 47) - ONE


def below(draw, count):
    return ((draw >> 32) * count) >> 32


def happens(draw, per_million):
    return below(draw, 1_000_000) < per_million


def bell(draw):
    total = sum((draw >> shift) & 0xFFFF for shift in (0, 16, 32, 48))
    return ((total - 131_070) * 113_512) >> 16


def triangle(draw, reach):
    return ((((draw >> 32) & 0xFFFF) * (reach + 1)) >> 16) - (((draw >> 48) * (reach + 1)) >> 16)


def mul(left, right):
    return (left * right) >> 16


def clamp(value, low, high):
    return max(low, min(high, value))


def rounded(value):
    return (value + 32_768) >> 16


def toward_zero(upper, lower):
    """A quotient as machines divide; the rest of the town keeps clear of negative numbers."""
    quotient = abs(upper) // lower
    return quotient if upper >= 0 else -quotient


SINES = [math.floor(65536 * math.sin(math.pi / 2 * step / 64) + 0.5) for step in range(65)]
POWERS = [math.floor(65536 * 2 ** (step / 32) + 0.5) for step in range(33)]


def sine(turn):
    quadrant = (turn >> 14) & 3
    along = turn & 16383
    if quadrant & 1:
        along = 16384 - along
    entry = along >> 8
    value = SINES[entry]
    if entry < 64:
        value += ((SINES[entry + 1] - SINES[entry]) * (along & 255)) >> 8
    return value if quadrant < 2 else -value


def power_of_two(exponent):
    whole = exponent >> 16
    part = exponent & 65535
    entry = part >> 11
    value = POWERS[entry] + (((POWERS[entry + 1] - POWERS[entry]) * (part & 2047)) >> 11)
    return value << whole if whole >= 0 else value >> -whole


def root(value):
    return math.isqrt(value << 16)


def noise(draws, octaves, time):
    total = 0
    for number, (period, reach) in enumerate(octaves):
        cell = time // period
        along = ((time - cell * period) << 16) // period
        smooth = mul(mul(along, along), 3 * ONE - 2 * along)
        start = swing(draws(cell, number))
        end = swing(draws(cell + 1, number))
        total += mul(start + mul(end - start, smooth), reach)
    return total


# --- the city (Copenhagen's clock and a place near Aarhus) ---------------------------------------

LATITUDE, LONGITUDE = 56_160_000, 10_200_000
SINE_OF_LATITUDE, COSINE_OF_LATITUDE = 54_434, 36_495
MEAN_TEMPERATURE, YEARLY_SWING = 8_500, 9_500


def day_number(date):
    return (date - datetime.date(1970, 1, 1)).days


def clock_offset(time):
    year = (datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=time + 3600)).year

    def change(month):
        last = datetime.date(year, month, 31)
        return (day_number(last) - (last.weekday() + 1) % 7) * DAY + 3600

    return 7200 if change(3) <= time < change(10) else 3600


def midnight(day):
    return day * DAY - clock_offset(day * DAY - 3600)


def land_use(district, percent):
    if district == 4:
        return "office" if percent < 50 else "residential" if percent < 90 else "park"
    if district == 5:
        return "harbour" if percent < 40 else "industry" if percent < 65 else "residential"
    if district == 3:
        return "industry" if percent < 35 else "residential" if percent < 90 else "park"
    if district == 1:
        return "office" if percent < 35 else "residential" if percent < 80 else "park"
    return "residential" if percent < 70 else "office" if percent < 80 else "park"


SEALED = {"residential": 26_000, "office": 46_000, "industry": 50_000, "park": 6_000,
          "harbour": 40_000}

KINDS = ["roadInbound", "roadOutbound"]
WORKING = [
    [4, 3, 2, 3, 6, 18, 48, 92, 100, 74, 58, 56, 60, 62, 64, 68, 72, 74, 60, 44, 34, 26, 16, 9],
    [5, 3, 2, 2, 4, 12, 32, 62, 66, 56, 54, 58, 64, 66, 74, 90, 100, 94, 68, 48, 38, 30, 20, 11],
]
FREE = [
    [9, 7, 5, 4, 4, 6, 11, 18, 28, 42, 54, 60, 62, 60, 58, 56, 54, 50, 44, 36, 28, 22, 18, 13],
    [10, 8, 6, 4, 4, 5, 9, 15, 25, 38, 50, 58, 62, 62, 62, 62, 60, 56, 48, 38, 30, 25, 20, 15],
]
HOLIDAYS = {(1, 1), (6, 5), (12, 24), (12, 25), (12, 26), (12, 31)}


class City:
    def __init__(self, seed):
        self.seed = seed
        draws = self.draws(ZONE)
        self.zones = []
        self.of_district = [[] for _ in range(8)]
        for number in range(SIDE * SIDE):
            column, row = number % SIDE, number // SIDE
            block = (2 - row // 8) * 3 + column // 8
            district = 5 if block == 8 else block
            use = land_use(district, below(draws(number, 0), 100))
            central = ONE - max(abs(2 * column - 23), abs(2 * row - 23)) * 2_000
            roads = 16_000 + central // 2 + below(draws(number, 1), 12_000)
            sealed = SEALED[use] + below(draws(number, 2), 12_000)
            self.zones.append((sealed, roads // 2 if use == "park" else roads))
            self.of_district[district].append(number)
        self.venues = [self.site(VENUE, number) for number in range(6)]
        self.streams = {stream: self.draws(stream) for stream in range(CLOUD, HAZE + 1)}

    def draws(self, stream, sensor=0):
        return Draws(self.seed, stream, sensor)

    def site(self, kind, number):
        """The zone in which a sensor stands."""
        zones = self.of_district[number % 8]
        return zones[below(self.draws(SITE, number)(kind * 8), len(zones))]

    # Sky.

    @staticmethod
    def year_turn(time):
        return (((time - 946_684_800) % 31_556_952) << 16) // 31_556_952

    def signed_height(self, time):
        declination = mul(26_069, sine(self.year_turn(time) - 14_355))
        rest = root(ONE - mul(declination, declination))
        of_day = (time + LONGITUDE * 24 // 100_000 - 43_200) % DAY
        hour = sine((of_day << 16) // DAY + 16_384)
        return mul(SINE_OF_LATITUDE, declination) + mul(mul(COSINE_OF_LATITUDE, rest), hour)

    def sun(self, time):
        return max(0, self.signed_height(time))

    def darkness(self, time):
        return clamp(ONE // 4 - self.signed_height(time) * 2, 0, ONE)

    def cloud(self, time):
        octaves = [(10_800, 14_000), (43_200, 22_000), (172_800, 24_000), (432_000, 18_000)]
        return clamp(34_000 + noise(self.streams[CLOUD], octaves, time), 0, ONE)

    def temperature(self, time):
        season = sine(self.year_turn(time) - 19_661)
        warmth = mul(self.sun(time - 7_200), ONE - mul(39_322, self.cloud(time)))
        octaves = [(172_800, 4_200), (432_000, 4_200), (864_000, 3_600)]
        return (MEAN_TEMPERATURE + mul(YEARLY_SWING, season) + mul(7_000, warmth)
                + noise(self.streams[SYNOPTIC], octaves, time) + self.heat_wave(time))

    def heat_wave(self, time):
        slot = 24 * DAY
        number = time // slot
        draws = self.streams[HEAT_WAVE]
        summer = sine(self.year_turn(number * slot + slot // 2) - 19_661)
        if summer <= 32_768 or not happens(draws(number), 750_000):
            return 0
        begin = number * slot + below(draws(number, 1), 12 * DAY)
        end = begin + 3 * DAY + below(draws(number, 2), 5 * DAY)
        if not begin < time < end:
            return 0
        return (6_000 + below(draws(number, 3), 3_000)) * min(
            time - begin, end - time, 43_200) // 43_200

    def wind_speed(self, time):
        octaves = [(3_600, 90), (21_600, 200), (86_400, 260), (345_600, 300)]
        return max(20, 470 + noise(self.streams[WIND_SPEED], octaves, time))

    def wind_direction(self, time):
        octaves = [(7_200, 4_000), (86_400, 14_000), (345_600, 18_000)]
        return (43_690 + noise(self.streams[WIND_DIRECTION], octaves, time)) & 65_535

    def pressure(self, time):
        octaves = [(86_400, 40), (259_200, 110), (691_200, 130)]
        return 10_130 + noise(self.streams[PRESSURE], octaves, time)

    def haze(self, time):
        octaves = [(43_200, 120), (259_200, 260), (691_200, 220)]
        return max(80, 620 + noise(self.streams[HAZE], octaves, time))

    def humidity(self, time):
        dry = mul(2_200_000, mul(self.sun(time), ONE - self.cloud(time) // 2))
        damp = mul(900_000, wetness(self.rain(time, SIDE // 2)))
        octaves = [(7_200, 200_000), (86_400, 700_000)]
        return clamp(5_400_000 - dry + damp + noise(self.streams[HUMIDITY], octaves, time),
                     20 * ONE, 100 * ONE)

    def rain(self, time, column):
        here = time - column * 62
        cell = here // 10_800
        return self.front(cell, here) + self.front(cell - 1, here)

    def front(self, cell, time):
        draws = self.streams[RAIN]
        if not happens(draws(cell), 120_000):
            return 0
        summer = max(0, sine(self.year_turn(cell * 10_800) - 19_661))
        begin = cell * 10_800 + below(draws(cell, 1), 7_200)
        length = 1_800 + below(draws(cell, 2), 9_000 - mul(5_000, summer))
        if not begin < time < begin + length:
            return 0
        chance = fraction(draws(cell, 3))
        peak = mul(500, power_of_two(mul(chance, chance) * 5))
        peak += mul(peak, summer)
        passed = time - begin
        if passed * 3 < length:
            return peak * passed * 3 // length
        return peak * (length - passed) * 3 // (2 * length)

    def zone_temperature(self, time, zone):
        return self.temperature(time) + mul(
            1_200, mul(self.zones[zone][0], self.darkness(time)))

    # People.

    def activity(self, direction, time):
        wall = time + clock_offset(time)
        day, second = divmod(wall, DAY)
        date = datetime.date(1970, 1, 1) + datetime.timedelta(days=day)
        free = date.weekday() >= 5 or (date.month, date.day) in HOLIDAYS
        hours = (FREE if free else WORKING)[direction]
        hour, along = divmod(second, 3_600)
        level = ((hours[hour] * (3_600 - along) + hours[(hour + 1) % 24] * along) << 16) // 360_000
        return level, self.day_level(day, date)

    def day_level(self, day, date):
        chance = ONE + mul(655, bell(self.streams[DAY_LEVEL](day)))
        holiday = date.month == 7 or (date.month == 10 and 12 <= date.day <= 19)
        return chance - chance // 10 if holiday else chance

    @functools.lru_cache(maxsize=64)
    def events_of(self, day):
        """(zone, attendance, start, end) of the events that start on a local day."""
        draws = self.streams[CITY_EVENT]
        events = []
        for slot in range(0, 48, 8):
            if not happens(draws(day, slot), 500_000):
                continue
            chance = fraction(draws(day, slot + 2))
            attendance = mul(200, power_of_two(mul(mul(chance, chance), 500_000)))
            start = midnight(day) + (56 + below(draws(day, slot + 3), 29)) * 900
            end = start + 3_600 + below(draws(day, slot + 5), 17) * 900
            events.append((self.venues[below(draws(day, slot + 1), 6)], attendance, start, end))
        return events

    def events(self, time):
        day = (time + clock_offset(time)) // DAY
        return self.events_of(day - 1) + self.events_of(day)

    @functools.lru_cache(maxsize=64)
    def obstacles_of(self, hour):
        """(zone, received, cleared) of the collisions and breakdowns of an hour."""
        draws = self.streams[INCIDENT]
        events = self.events(hour * 3_600)
        obstacles = []
        for slot in range(8):
            number = slot * 8
            received = hour * 3_600 + slot * 450 + below(draws(hour, number), 450)
            zone = below(draws(hour, number + 1), SIDE * SIDE)
            crowd = any(start - 7_200 < received < end + 3_600 and apart(place, zone) <= 3
                        for place, _, start, end in events)
            rate = (250_000 + mul(200_000, wetness(self.rain(received, zone % SIDE)))
                    + (125_000 if crowd else 0) + mul(75_000, self.darkness(received)))
            if not happens(draws(hour, number + 2), rate):
                continue
            if below(draws(hour, number + 3), 100) < 60:
                cleared = (received + 30 + below(draws(hour, number + 4), 180)
                           + 180 + below(draws(hour, number + 5), 720)
                           + 600 + below(draws(hour, number + 7), 7_200))
                obstacles.append((zone, received, cleared))
        return obstacles

    def obstacles(self, time):
        hour = time // 3_600
        return [zone for past in range(hour - 4, hour + 1)
                for zone, received, cleared in self.obstacles_of(past)
                if received <= time < cleared]


def wetness(intensity):
    return min(ONE, (intensity << 16) // 4_000)


def apart(left, right):
    return max(abs(left % SIDE - right % SIDE), abs(left // SIDE - right // SIDE))


# --- the domains ---------------------------------------------------------------------------------

class Traffic:
    step, jitter, phases, loss, letter, digits = 300, 2, 60, 5_000, "T", 3
    decimals = [0, 0, 1]
    kind, all_sensors, least = ROAD, 450, 16

    def __init__(self, city, count):
        self.city = city
        self.zones = [city.site(ROAD, number) for number in range(count)]
        self.noise = [city.draws(TRAFFIC_NOISE, number) for number in range(count)]
        self.roads = []
        for number in range(count):
            draws = city.draws(SITE, number)
            tenth = below(draws(100), 10)
            road = 0 if tenth < 2 else 1 if tenth < 6 else 2
            self.roads.append((
                [150, 90, 45][road] * (80 + below(draws(102), 50)) // 100,
                [80, 58, 44][road] + below(draws(103), 9),
                42_000 + below(draws(104), 26_000),
                0 if below(draws(101), 2) == 0 else 1))

    def at(self, time):
        levels = []
        for direction in (0, 1):
            level, liveliness = self.city.activity(direction, time)
            levels.append(mul(level, liveliness))
        moving = [event for event in self.city.events(time)
                  if event[2] - 7_200 <= time < event[2] or event[3] <= time < event[3] + 3_600]
        return levels, moving, self.city.obstacles(time)

    def read(self, sensor, time, shared):
        levels, moving, obstacles = shared
        capacity, free_speed, load, direction = self.roads[sensor]
        zone = self.zones[sensor]
        level = mul(levels[direction], load)
        for place, attendance, _, _ in moving:
            if apart(place, zone) <= 2:
                level += min(attendance * 6, 20_000)
        tick = time // self.step
        mean = level * capacity
        vehicles = max(0, rounded(mean + mul(root(mean), bell(self.noise[sensor](tick)))))
        fill = min(2 * ONE, (vehicles << 16) // capacity)
        square = mul(fill, fill)
        speed = (free_speed << 32) // (ONE + mul(square, square) // 2)
        rain = self.city.rain(time, zone % SIDE)
        if rain > 100:
            speed -= mul(speed, 5_243 + mul(9_175, wetness(rain)))
        if any(apart(place, zone) <= 1 for place in obstacles):
            speed -= mul(speed, 26_214)
        speed = max(3, rounded(speed + mul(98_304, bell(self.noise[sensor](tick, 1)))))
        return [vehicles, speed, min(1_000, vehicles * 78 // speed)]


class Air:
    step, jitter, phases, loss, letter, digits = 300, 20, 240, 30_000, "A", 2
    decimals = [1, 1, 0, 0, 1, 0]
    kind, all_sensors, least = STATION, 60, 8

    def __init__(self, city, count):
        self.city = city
        self.zones = [city.site(STATION, number) for number in range(count)]
        self.noise = [city.draws(AIR_NOISE, number) for number in range(count)]

    def at(self, time):
        inbound, liveliness = self.city.activity(0, time)
        outbound, _ = self.city.activity(1, time)
        return (mul((inbound + outbound) // 2, liveliness), self.city.wind_speed(time),
                mul(self.city.sun(time - 3_600), ONE - self.city.cloud(time) // 2),
                self.city.haze(time), self.city.humidity(time))

    def read(self, sensor, time, shared):
        activity, wind, ozone_sun, haze, humidity = shared
        zone = self.zones[sensor]
        tick = time // self.step
        first, second = self.noise[sensor](tick, 0), self.noise[sensor](tick, 1)
        wet = wetness(self.city.rain(time, zone % SIDE))
        air = self.city.zone_temperature(time, zone)
        dilution = (ONE << 16) // (40_000 + wind * 107)
        street = mul(mul(7_200, self.city.zones[zone][1]), mul(activity, dilution))
        dioxide = mul(500 + street, power_of_two(mul(bell(first), 9_000)))
        ozone = (4_000 + mul(5_500, ozone_sun) + max(0, air - 20_000) * 22 // 100
                 - dioxide * 35 // 100)
        washed = ONE - mul(22_938, wet)
        fine = mul(mul(haze + dioxide * 22 // 100, washed),
                   power_of_two(mul(bell(second), 7_000)))
        coarse = fine * 3 // 2 + 250 + mul(wind // 4, washed)
        return [(fine + 5) // 10, (coarse + 5) // 10, (dioxide + 50) // 100,
                (max(0, ozone + mul(250, swing(first))) + 50) // 100,
                (air + 50 + mul(200, swing(second))) // 100,
                clamp(rounded(humidity + 2 * swing(second)), 5, 100)]


class Weather:
    step, jitter, phases, loss, letter, digits = 60, 2, 50, 5_000, "W", 2
    decimals = [1, 0, 1, 1, 0, 1, 0, 1]
    kind, all_sensors, least = SKY, 12, 4

    def __init__(self, city, count):
        self.city = city
        self.zones = [city.site(SKY, number) for number in range(count)]
        self.noise = [city.draws(WEATHER_NOISE, number) for number in range(count)]

    def at(self, time):
        city = self.city
        sun = city.sun(time)
        return (sun, mul(sun, ONE - mul(49_152, city.cloud(time))), city.humidity(time),
                city.pressure(time), city.wind_speed(time), city.wind_direction(time))

    def read(self, sensor, time, shared):
        sun, clear, humidity, pressure, wind, direction = shared
        zone = self.zones[sensor]
        tick = time // self.step
        first, second, third = (self.noise[sensor](tick, number) for number in range(3))
        air = self.city.zone_temperature(time, zone)
        gust = mul(wind, mul(13_107, swing(third)))
        amount = self.city.rain(time, zone % SIDE) // 60
        return [(air + 50 + mul(50, bell(first))) // 100,
                min(100, rounded(humidity + mul(32_768, bell(second)))),
                pressure + rounded(mul(19_661, bell(third))),
                max(0, toward_zero(wind + gust + 5, 10)),
                (((direction + mul(2_000, swing(second))) & 65_535) * 360) >> 16,
                2 * ((amount + below(first, 200)) // 200),
                max(0, mul(1_050, clear) + mul(clear // 4_000, swing(first))),
                mul(95, mul(clear, mul(sun, ONE + sun // 4)))]


DOMAINS = {"traffic": Traffic, "air": Air, "weather": Weather}


# --- faults, lines and digests -------------------------------------------------------------------

def silent(draws, time):
    for day in (time // DAY, time // DAY - 1):
        if happens(draws(day), 20_000):
            begin = day * DAY + below(draws(day, 1), DAY)
            if begin <= time < begin + 3_600 + below(draws(day, 2), 36_000):
                return True
    return False


def decimal(value, decimals):
    digits = str(abs(value)).rjust(decimals + 1, "0")
    if decimals:
        digits = digits[:-decimals] + "." + digits[-decimals:]
    return "-" + digits if value < 0 else digits


def fnv(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


def digest(city, name, profile, day):
    """The wrapping sum of the hashes of a local day's lines."""
    kind = DOMAINS[name]
    share = {"S": 20, "M": 100, "L": 500, "XL": 1_000}[profile]
    count = min(kind.all_sensors, max(kind.least, kind.all_sensors * share // 1_000))
    domain = kind(city, count)
    faults = [city.draws(FAULT[name], number) for number in range(count)]
    silences = [city.draws(SILENCE, number * 64 + FAULT[name]) for number in range(count)]
    fields = len(kind.decimals)
    total = 0
    for time in range(midnight(day), midnight(day + 1), kind.step):
        shared = domain.at(time)
        tick = time // kind.step
        for sensor in range(count):
            fate = faults[sensor](tick)
            if silent(silences[sensor], time) or fate & 0xFFFF < (kind.loss << 16) // 1_000_000:
                continue
            cells = [decimal(value, places) for value, places in
                     zip(domain.read(sensor, time, shared), kind.decimals)]
            blank = faults[sensor](tick, 1)
            if blank & 0xFFFF < ((1_000 * fields) << 16) // 1_000_000:
                cells[below(blank, fields)] = ""
            phase = kind.jitter + below(faults[sensor](-1), kind.phases)
            taken = time + phase + triangle(fate, kind.jitter)
            stamp = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=taken)
            label = kind.letter + str(sensor + 1).rjust(kind.digits, "0")
            total += fnv(",".join([stamp.strftime("%Y-%m-%dT%H:%M:%SZ"), label] + cells))
    return total & MASK


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--profile", default="S", choices=["S", "M", "L", "XL"])
    parser.add_argument("--seed", type=int, default=19)
    parser.add_argument("--start", type=datetime.date.fromisoformat,
                        default=datetime.date(2025, 10, 6))
    parser.add_argument("--days", type=int, default=1)
    parser.add_argument("tables", nargs="*", default=[])
    options = parser.parse_args()
    city = City(options.seed)
    for table in options.tables or DOMAINS:
        for number in range(options.days):
            date = options.start + datetime.timedelta(days=number)
            print(table, date, format(
                digest(city, table, options.profile, day_number(date)), "016x"))


main()
