package import BelfryCodecs
package import BelfryCore

/// What an aggregation wants to know of rows, so that a scan may tell it by statistics in place of
/// the rows themselves.
package struct SummaryRequest: Sendable {
    package enum Need: Sendable, Hashable {
        /// Groups go by it, or nobody asks for it.
        case nothing
        /// How many rows have a value.
        case count
        /// Count, least and greatest value, and the sum of numbers.
        case statistics
    }

    /// What is wanted of each of the request's columns; of tags nothing.
    package var needs: [Need]
    /// Rows of two series are never summarised together, and items come in the order of series.
    package var isBySeries: Bool
    /// Whether the rows of a series from one time to another are of one group; nil where groups do
    /// not go by time. It must hold for all times between the two, too.
    package var isOneGroup: (@Sendable (_ first: Int64, _ last: Int64) -> Bool)?

    package init(
        needs: [Need], isBySeries: Bool,
        isOneGroup: (@Sendable (_ first: Int64, _ last: Int64) -> Bool)? = nil
    ) {
        self.needs = needs
        self.isBySeries = isBySeries
        self.isOneGroup = isOneGroup
    }
}

/// What a scan gives next.
package enum ScanItem: Sendable {
    case batch(Batch)
    /// Only where the request wants summaries.
    case summary(ScanSummary)
}

/// What statistics tell of some rows of one group, each of which counts as it stands.
package struct ScanSummary: Sendable {
    package let rowCount: Int
    /// One row that stands for all where groups differ by their rows: the tags of a series and a
    /// time; nothing in fields. Without vectors where there is but one group.
    package let key: Batch
    /// In the order of the request's columns; of a column that nothing is wanted of, nothing. Of
    /// times the least and the greatest, but no sum.
    package let columns: [VectorStatistics]
}

extension VectorStatistics {
    /// As those of a column of this type: integers of before a widening are doubles now, and what
    /// cannot be of the type is nothing.
    func adapted(_ kind: StripKind, to type: DataType) -> VectorStatistics {
        switch (kind, type.layout) {
        case (.integers, .integers), (.doubles, .doubles), (.booleans, .booleans),
            (.texts, .texts):
            return self
        case (.integers, .doubles):
            var adapted = self
            if case .integers(let summary) = numbers {
                adapted.numbers = .decimals(summary, scale: 0)
            }
            return adapted
        default: return .empty
        }
    }
}
