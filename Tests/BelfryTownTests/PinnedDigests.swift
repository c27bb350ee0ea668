/// The digests of the small town's files, whole and in their order.
let pinnedDigests: [(table: String, digest: String)] = [
    ("traffic", "7122104cdf9610bb"),
    ("air", "bb5891f6d861b719"),
    ("weather", "bbcf85efc4d9e4cc"),
    ("parking", "2654785821656b7a"),
    ("meter", "86cfbbda7f560ed9"),
    ("incident", "a93d15438c0ec7cb"),
    ("city_event", "90bf8a0f4723b7f2"),
]
