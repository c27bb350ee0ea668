import BelfryCore

/// The samples of one series in one group, as series-aware calls see them: those with a value, by
/// ascending time; of one time only the last.
struct SeriesSamples {
    var times: [Int64] = []
    /// The values as numbers; a condition is 0 or 1. Empty where the argument is text or a time.
    var values: [Double] = []
    /// The values of whole numbers as they are.
    var integers: [Int64] = []
    /// Which row of the argument each sample was.
    var rows: [Int32] = []

    init(times allTimes: [Int64], argument: Vector) {
        let doubles: [Double]
        switch argument.storage {
        case .doubles(let it): doubles = it
        case .integers(let it):
            doubles = it.map { Double($0) }
            integers = it
        case .booleans(let it): doubles = it.map { $0 ? 1 : 0 }
        case .texts, .dictionary, .intervals: doubles = []
        }
        let isPlain = argument.validity.isAll && Self.strictlyAscend(allTimes)
        if isPlain {
            times = allTimes
            values = doubles
            rows = (0..<Int32(allTimes.count)).map { $0 }
            return
        }
        let all = integers
        integers = []
        for row in allTimes.indices where argument.validity.isValid(row) {
            if let last = times.last, last == allTimes[row] {
                times.removeLast()
                rows.removeLast()
                if !doubles.isEmpty { values.removeLast() }
                if !all.isEmpty { integers.removeLast() }
            }
            times.append(allTimes[row])
            rows.append(Int32(truncatingIfNeeded: row))
            if !doubles.isEmpty { values.append(doubles[row]) }
            if !all.isEmpty { integers.append(all[row]) }
        }
    }

    private static func strictlyAscend(_ times: [Int64]) -> Bool {
        var row = 1
        while row < times.count {
            if times[row] <= times[row - 1] { return false }
            row += 1
        }
        return true
    }

    var count: Int { times.count }
}

/// The grid that series-aware calls are computed on.
struct SampleBuckets {
    /// Bucket `i` runs from `edges[i]` to `edges[i + 1]`.
    let edges: [Int64]
    /// The range, which may cut the first and the last bucket.
    let range: Range<Int64>
    /// No sample speaks from here on; within the range.
    let speakLimit: Int64

    var count: Int { edges.count - 1 }

    /// The part of a bucket that lies in the range.
    func part(_ bucket: Int) -> Range<Int64> {
        let start = max(edges[bucket], range.lowerBound)
        return start..<max(start, min(edges[bucket + 1], range.upperBound))
    }

    /// The bucket that a time lies in; the last one for times past the end.
    func bucket(of time: Int64) -> Int {
        var low = 0
        var high = edges.count - 1
        while low + 1 < high {
            let middle = (low + high) / 2
            if edges[middle] <= time { low = middle } else { high = middle }
        }
        return low
    }
}

/// Series-aware calls on one series (LANGUAGE D3). Pure functions of samples and grid.
enum SeriesAware {
    /// One value a bucket; no validity bit where nothing was covered.
    static func evaluate(
        _ call: SampleNode.SeriesCall, _ samples: SeriesSamples, argument: Vector,
        _ buckets: SampleBuckets
    ) throws(QueryError) -> Vector {
        switch call.function {
        case .sample:
            return call.method == .locf
                ? argument.gather(sampleRows(samples, buckets, tolerance: call.tolerance))
                : linearSample(samples, buckets, tolerance: call.tolerance)
        case .timeAverage, .integral, .timeIn, .coverage:
            return areas(call, samples, buckets)
        case .increase, .rate:
            return try growth(call, samples, buckets)
        case .resets:
            return resets(samples, buckets)
        }
    }

    // MARK: - sample

    /// The row of the last sample at or before each bucket's start, as far as it speaks.
    private static func sampleRows(
        _ samples: SeriesSamples, _ buckets: SampleBuckets, tolerance: Int64?
    ) -> [Int32] {
        var rows = [Int32](repeating: -1, count: buckets.count)
        var next = 0
        for bucket in 0..<buckets.count {
            let start = buckets.edges[bucket]
            while next < samples.count && samples.times[next] <= start { next += 1 }
            guard next > 0, start <= buckets.speakLimit else { continue }
            if let tolerance, start - samples.times[next - 1] > tolerance { continue }
            rows[bucket] = samples.rows[next - 1]
        }
        return rows
    }

    /// The value at each bucket's start on the line between its neighbours.
    private static func linearSample(
        _ samples: SeriesSamples, _ buckets: SampleBuckets, tolerance: Int64?
    ) -> Vector {
        var values = [Double](repeating: 0, count: buckets.count)
        var validity = ValidityBuilder(capacity: buckets.count)
        var next = 0
        for bucket in 0..<buckets.count {
            let start = buckets.edges[bucket]
            while next < samples.count && samples.times[next] <= start { next += 1 }
            guard next > 0 else {
                validity.append(false)
                continue
            }
            let before = samples.times[next - 1]
            if before == start {
                values[bucket] = samples.values[next - 1]
                validity.append(true)
                continue
            }
            guard next < samples.count, isBridged(before, samples.times[next], tolerance) else {
                validity.append(false)
                continue
            }
            let share = Double(start - before) / Double(samples.times[next] - before)
            let low = samples.values[next - 1]
            values[bucket] = low + (samples.values[next] - low) * share
            validity.append(true)
        }
        return Vector(doubles: values, validity: validity.finish())
    }

    private static func isBridged(_ first: Int64, _ second: Int64, _ tolerance: Int64?) -> Bool {
        guard let tolerance else { return true }
        let (distance, overflow) = second.subtractingReportingOverflow(first)
        return !overflow && distance <= tolerance
    }

    // MARK: - time_avg, integral, time_in, coverage

    /// Area under the samples and the time they cover, bucket by bucket.
    private static func areas(
        _ call: SampleNode.SeriesCall, _ samples: SeriesSamples, _ buckets: SampleBuckets
    ) -> Vector {
        var area = [Double](repeating: 0, count: buckets.count)
        var covered = [Int64](repeating: 0, count: buckets.count)
        var held = [Int64](repeating: 0, count: buckets.count)
        forEachPiece(call, samples, buckets) { sample, piece, isLine in
            forEachPart(of: piece, buckets) { bucket, part in
                let length = part.upperBound - part.lowerBound
                covered[bucket] += length
                guard !samples.values.isEmpty else { return }
                var value = samples.values[sample]
                if isLine {
                    let span = Double(samples.times[sample + 1] - samples.times[sample])
                    let slope = (samples.values[sample + 1] - value) / span
                    let middle =
                        Double(part.lowerBound - samples.times[sample]) + Double(length) / 2
                    value += slope * middle
                } else if value != 0 {
                    held[bucket] += length
                }
                area[bucket] += value * Double(length)
            }
        }
        switch call.function {
        case .timeIn:
            return Vector(
                .interval, .intervals(held.map { Interval(nanoseconds: $0) }),
                validity: Validity(covered.map { $0 > 0 }))
        case .coverage:
            let shares = covered.indices.map { bucket -> Double in
                let part = buckets.part(bucket)
                return part.isEmpty
                    ? 0 : Double(covered[bucket]) / Double(part.upperBound - part.lowerBound)
            }
            return Vector(doubles: shares)
        case .integral:
            let unit = Double(call.unitNanoseconds)
            return Vector(
                doubles: area.map { $0 / unit }, validity: Validity(covered.map { $0 > 0 }))
        case .timeAverage, .sample, .increase, .rate, .resets:
            return Vector(
                doubles: covered.indices.map {
                    covered[$0] > 0 ? area[$0] / Double(covered[$0]) : 0
                }, validity: Validity(covered.map { $0 > 0 }))
        }
    }

    /// The stretches where samples speak: from each to the next, at most the tolerance ('locf'), or
    /// between two at most the tolerance apart ('linear'); a DELTA covers its interval.
    private static func forEachPiece(
        _ call: SampleNode.SeriesCall, _ samples: SeriesSamples, _ buckets: SampleBuckets,
        _ body: (_ sample: Int, _ piece: Range<Int64>, _ isLine: Bool) -> Void
    ) {
        for index in 0..<samples.count {
            let time = samples.times[index]
            if case .delta(let per) = call.kind {
                let length = per?.elapsedNanoseconds(dayIs24Hours: true)
                let start =
                    length.map { time &- $0 } ?? (index > 0 ? samples.times[index - 1] : time)
                if start < time && isBridged(start, time, length == nil ? call.tolerance : nil) {
                    body(index, start..<time, false)
                }
                continue
            }
            if call.method == .linear {
                if index + 1 < samples.count,
                    isBridged(time, samples.times[index + 1], call.tolerance)
                {
                    body(index, time..<samples.times[index + 1], true)
                }
                continue
            }
            var end = index + 1 < samples.count ? samples.times[index + 1] : Int64.max
            if let tolerance = call.tolerance {
                let (reach, overflow) = time.addingReportingOverflow(tolerance)
                if !overflow { end = min(end, reach) }
            }
            end = min(end, buckets.speakLimit)
            if end > time { body(index, time..<end, false) }
        }
    }

    /// A stretch cut at the edges of buckets and range.
    @inline(__always)
    private static func forEachPart(
        of piece: Range<Int64>, _ buckets: SampleBuckets,
        _ body: (_ bucket: Int, _ part: Range<Int64>) -> Void
    ) {
        let start = max(piece.lowerBound, buckets.range.lowerBound, buckets.edges[0])
        let end = min(
            piece.upperBound, buckets.range.upperBound, buckets.edges[buckets.edges.count - 1])
        guard start < end else { return }
        var bucket = buckets.bucket(of: start)
        var from = start
        while from < end {
            let to = min(end, buckets.edges[bucket + 1])
            body(bucket, from..<to)
            from = to
            bucket += 1
        }
    }

    // MARK: - increase, rate, resets

    /// Growth of a COUNTER or amount of a DELTA by bucket. Each step lies on an interval that ends
    /// at its sample; over a gap longer than the tolerance (and with 'locf') it counts whole at the
    /// sample, in the bucket that ends there or later. Buckets are additive.
    private static func growth(
        _ call: SampleNode.SeriesCall, _ samples: SeriesSamples, _ buckets: SampleBuckets
    ) throws(QueryError) -> Vector {
        let isRate = call.function == .rate
        let isExact = call.type == .bigint && !isRate
        var whole = [Int64](repeating: 0, count: isExact ? buckets.count : 0)
        var amount = [Double](repeating: 0, count: buckets.count)
        var covered = [Double](repeating: 0, count: buckets.count)
        for index in 0..<samples.count {
            guard let step = step(call, samples, index) else { continue }
            let time = samples.times[index]
            let isBridged = isBridged(step.start, time, call.tolerance)
            if isRate {
                if !isBridged { continue }
                forEachPart(of: step.start..<time, buckets) { bucket, part in
                    covered[bucket] += Double(part.upperBound - part.lowerBound)
                }
            }
            if call.method == .linear && isBridged && step.start < time {
                let span = Double(time - step.start)
                forEachPart(of: step.start..<time, buckets) { bucket, part in
                    amount[bucket] +=
                        step.amount * (Double(part.upperBound - part.lowerBound) / span)
                }
                continue
            }
            guard time > buckets.range.lowerBound && time <= buckets.range.upperBound,
                time > buckets.edges[0] && time <= buckets.edges[buckets.edges.count - 1]
            else { continue }
            // A reading at a boundary closes the bucket that ends there.
            let bucket = buckets.bucket(of: time - 1)
            if isExact {
                let (sum, overflow) = whole[bucket].addingReportingOverflow(step.whole)
                if overflow { throw QueryError("22003", "increase() is out of range for BIGINT") }
                whole[bucket] = sum
            } else {
                amount[bucket] += step.amount
            }
        }
        if isExact { return Vector(integers: whole) }
        guard isRate else { return Vector(doubles: amount) }
        return Vector(
            doubles: amount.indices.map {
                covered[$0] > 0 ? amount[$0] / (covered[$0] / 1_000_000_000) : 0
            }, validity: Validity(covered.map { $0 > 0 }))
    }

    private struct Step {
        var start: Int64
        var amount: Double
        var whole: Int64
    }

    private static func step(
        _ call: SampleNode.SeriesCall, _ samples: SeriesSamples, _ index: Int
    ) -> Step? {
        let time = samples.times[index]
        let hasWhole = !samples.integers.isEmpty
        if case .delta(let per) = call.kind {
            let length = per?.elapsedNanoseconds(dayIs24Hours: true)
            let start = length.map { time &- $0 } ?? (index > 0 ? samples.times[index - 1] : time)
            return Step(
                start: min(start, time), amount: samples.values[index],
                whole: hasWhole ? samples.integers[index] : 0)
        }
        guard index > 0 else { return nil }
        let value = samples.values[index]
        let previous = samples.values[index - 1]
        var whole: Int64 = 0
        if hasWhole {
            let now = samples.integers[index]
            let (growth, overflow) = now.subtractingReportingOverflow(samples.integers[index - 1])
            // A fall means a restart from zero.
            whole = overflow || growth < 0 ? max(0, now) : growth
        }
        return Step(
            start: samples.times[index - 1], amount: value >= previous ? value - previous : value,
            whole: whole)
    }

    private static func resets(_ samples: SeriesSamples, _ buckets: SampleBuckets) -> Vector {
        var falls = [Int64](repeating: 0, count: buckets.count)
        for index in samples.times.indices.dropFirst() {
            let time = samples.times[index]
            if samples.values[index] < samples.values[index - 1], buckets.range.contains(time),
                time >= buckets.edges[0] && time < buckets.edges[buckets.edges.count - 1]
            {
                falls[buckets.bucket(of: time)] += 1
            }
        }
        return Vector(integers: falls)
    }

    // MARK: - Presence

    /// Whether a series has something to say in the range: a row in it, or a sample that speaks
    /// into it.
    static func speaks(
        _ samples: SeriesSamples, call: SampleNode.SeriesCall, _ buckets: SampleBuckets
    ) -> Bool {
        if samples.times.contains(where: { buckets.range.contains($0) }) { return true }
        var found = false
        forEachPiece(call, samples, buckets) { _, piece, _ in
            found = found || piece.overlaps(buckets.range)
        }
        return found
    }
}
