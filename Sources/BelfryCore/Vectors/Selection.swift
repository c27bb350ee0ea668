/// The ascending row numbers that survived a condition.
@frozen public struct Selection: Sendable, Hashable {
    public let rows: [Int32]

    @inlinable
    public init(_ rows: [Int32]) { self.rows = rows }

    @inlinable public var count: Int { rows.count }
    @inlinable public var isEmpty: Bool { rows.isEmpty }

    /// The rows of a Boolean vector that are true; NULL is not true.
    public init(whereTrue vector: Vector) {
        guard case .booleans(let values) = vector.storage else {
            rows = []
            return
        }
        var kept = [Int32]()
        kept.reserveCapacity(values.count)
        if vector.validity.isAll {
            for row in values.indices where values[row] { kept.append(Int32(row)) }
        } else {
            for row in values.indices where values[row] && vector.validity.isValid(row) {
                kept.append(Int32(row))
            }
        }
        rows = kept
    }
}
