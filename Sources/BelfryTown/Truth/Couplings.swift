/// The couplings between the domains, as the generator has them.
enum Couplings {
    static let text = """
        cause,effect,coefficient,meaning
        rain,traffic.speed,0.08 to 0.22,share lost from the first drops to 4 mm an hour
        traffic.vehicles,traffic.speed,0.5,\
        speed = free speed / (1 + 0.5 * (vehicles / capacity) ^ 4)
        incident,traffic.speed,0.40,\
        share lost within one zone of a collision or breakdown until cleared
        city_event,traffic.vehicles,6/65536 of capacity a person,\
        at most 0.31 within two zones while the crowd comes or goes
        traffic activity,air.no2,72,\
        µg/m³ at full activity and road share one; times 1 / (0.61 + 0.163 * wind in m/s)
        sun,air.o3,55,µg/m³ by the sine of the sun's height an hour ago; times 1 - 0.5 * cloud
        temperature,air.o3,2.2,µg/m³ for each degree above 20
        air.no2,air.o3,-0.35,µg/m³ for each µg/m³ of the same instant
        air.no2,air.pm25,0.22,µg/m³ for each µg/m³
        rain,air.pm25,-0.35,share washed out at 4 mm an hour
        city_event,parking.occupied,0.15,\
        cars for each person within two zones; from 2 h before to 1 h after
        heat,meter.energy,0.035,\
        share for each degree above 22 an hour ago; customers with cooling
        cold,meter.energy,90 to 250,watts for each degree below 17; customers with a heat pump
        sun,meter.fed_in,1,\
        peak of the panels times sun's height times 1 - 0.75 * cloud less the load

        """
}
