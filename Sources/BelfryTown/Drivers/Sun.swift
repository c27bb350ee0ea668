/// How high the sun stands: from the year, the hour and the place alone.
struct Sun: Sendable {
    let place: Place

    /// The sine of the sun's height, zero while it is down.
    func height(_ time: Int) -> Int { max(0, signedHeight(time)) }

    /// One in the dark, zero by day, a slope through the twilight.
    func darkness(_ time: Int) -> Int {
        Fixed.clamp(Fixed.one / 4 - signedHeight(time) * 2, 0, Fixed.one)
    }

    /// The part of the year at an instant, as a turn from about the first of January.
    static func yearTurn(_ time: Int) -> Int {
        let sinceStart = time - 946_684_800
        let within = sinceStart - Fixed.floor(sinceStart, by: 31_556_952) * 31_556_952
        return (within << 16) / 31_556_952
    }

    private func signedHeight(_ time: Int) -> Int {
        // The sun crosses the equator about the 80th day.
        let declination = Fixed.multiply(26_069, Fixed.sine(Sun.yearTurn(time) - 14_355))
        let rest = Fixed.root(Fixed.one - Fixed.multiply(declination, declination))
        // A quarter of a degree a minute: the sun's own clock at this longitude, from noon.
        let solar = time + Fixed.floor(place.longitude * 24, by: 100_000) - 43_200
        let ofDay = solar - Fixed.floor(solar, by: 86_400) * 86_400
        let hour = Fixed.cosine((ofDay << 16) / 86_400)
        return Fixed.multiply(place.sine, declination)
            + Fixed.multiply(Fixed.multiply(place.cosine, rest), hour)
    }
}
