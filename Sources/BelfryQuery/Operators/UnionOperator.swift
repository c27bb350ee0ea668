import BelfryCore

/// UNION ALL: the rows of one input after the other.
final class UnionAllOperator: Operator {
    let columns: [PlanColumn]
    private let inputs: [any Operator]
    private var current = 0

    init(_ inputs: [any Operator], columns: [PlanColumn]) {
        self.inputs = inputs
        self.columns = columns
    }

    func next() throws(QueryError) -> Batch? {
        while current < inputs.count {
            if let batch = try inputs[current].next() { return batch }
            current += 1
        }
        return nil
    }
}

/// INTERSECT and EXCEPT: the left rows, judged by how often the right side has each.
final class SetOperator: Operator {
    let columns: [PlanColumn]
    private let left: any Operator
    private let right: any Operator
    private let kind: UnionNode.Kind
    private let context: QueryContext
    private var table: GroupTable
    /// How many rows of the right side are left for each group.
    private var counts: [Int] = []
    private var hasRight = false
    private var reserved = 0

    init(
        _ left: any Operator, _ right: any Operator, kind: UnionNode.Kind, columns: [PlanColumn],
        context: QueryContext
    ) {
        self.left = left
        self.right = right
        self.kind = kind
        self.columns = columns
        self.context = context
        table = GroupTable(types: columns.map(\.type))
    }

    func next() throws(QueryError) -> Batch? {
        if !hasRight { try consumeRight() }
        while let batch = try left.next() {
            let groups = try groups(of: batch)
            var kept: [Int32] = []
            for (row, group) in groups.enumerated() where isKept(Int(group)) {
                kept.append(Int32(row))
            }
            if !kept.isEmpty { return batch.filtered(by: Selection(kept)) }
        }
        return nil
    }

    private func consumeRight() throws(QueryError) {
        hasRight = true
        while let batch = try right.next() {
            for group in try groups(of: batch) { counts[Int(group)] += 1 }
        }
    }

    private func groups(of batch: Batch) throws(QueryError) -> [UInt32] {
        try context.check()
        let groups = table.group(batch.vectors, rowCount: batch.rowCount).perRow(batch.rowCount)
        while counts.count < table.count { counts.append(0) }
        let byteCount = table.byteCount + counts.count * 8
        if byteCount > reserved {
            try context.reserve(byteCount - reserved, for: "a set operation")
            reserved = byteCount
        }
        return groups
    }

    /// Whether this left row is part of the result; takes note that it was seen.
    private func isKept(_ group: Int) -> Bool {
        switch kind {
        case .intersect:
            defer { counts[group] = 0 }
            return counts[group] > 0
        case .intersectAll:
            if counts[group] == 0 { return false }
            counts[group] -= 1
            return true
        case .except:
            defer { counts[group] = 1 }
            return counts[group] == 0
        case .exceptAll:
            if counts[group] == 0 { return true }
            counts[group] -= 1
            return false
        case .unionAll, .union: return true
        }
    }

    deinit { context.release(reserved) }
}
