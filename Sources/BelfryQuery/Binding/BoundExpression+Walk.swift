package import BelfryCore

/// Walking, comparing and rewriting bound expressions.
extension BoundExpression {
    package var children: [BoundExpression] {
        switch self {
        case .constant, .column, .outer: []
        case .call(let call): call.arguments
        case .and(let parts), .or(let parts), .coalesce(let parts, _): parts
        case .not(let part), .isNull(let part, _), .cast(let part, _, _), .isIn(let part, _, _, _):
            [part]
        case .caseWhen(let branches, let otherwise, _):
            branches.flatMap { [$0.condition, $0.result] } + (otherwise.map { [$0] } ?? [])
        }
    }

    /// The same expression over other children, given in the order of `children`.
    package func replacingChildren(_ new: [BoundExpression]) -> BoundExpression {
        switch self {
        case .constant, .column, .outer: return self
        case .call(let call):
            return .call(
                ScalarCall(
                    function: call.function, arguments: new, type: call.type, span: call.span))
        case .and: return .and(new)
        case .or: return .or(new)
        case .coalesce(_, let type): return .coalesce(new, type)
        case .not: return .not(new[0])
        case .isNull(_, let isNegated): return .isNull(new[0], isNegated: isNegated)
        case .cast(_, let type, let span): return .cast(new[0], type, span)
        case .isIn(_, let values, let hasNull, let isNegated):
            return .isIn(new[0], values: values, hasNull: hasNull, isNegated: isNegated)
        case .caseWhen(let branches, let otherwise, let type):
            let replaced = branches.indices.map {
                Branch(condition: new[2 * $0], result: new[2 * $0 + 1])
            }
            return .caseWhen(
                replaced, otherwise: otherwise == nil ? nil : new[2 * branches.count], type)
        }
    }

    /// Every column replaced by what `replacement` says.
    package func mappingColumns(_ replacement: (Int, DataType) -> BoundExpression)
        -> BoundExpression
    {
        if case .column(let index, let type) = self { return replacement(index, type) }
        let old = children
        if old.isEmpty { return self }
        return replacingChildren(old.map { $0.mappingColumns(replacement) })
    }

    package func shifted(by offset: Int) -> BoundExpression {
        offset == 0 ? self : mappingColumns { .column($0 + offset, $1) }
    }

    /// Adds the columns that the expression reads.
    package func collectColumns(into columns: inout Set<Int>) {
        if case .column(let index, _) = self { columns.insert(index) }
        for child in children { child.collectColumns(into: &columns) }
    }

    package var usedColumns: Set<Int> {
        var columns = Set<Int>()
        collectColumns(into: &columns)
        return columns
    }

    /// No columns, and the same value whenever it is asked.
    package var isConstant: Bool {
        switch self {
        case .constant: true
        case .column, .outer: false
        case .call(let call): call.function.isPure && call.arguments.allSatisfy(\.isConstant)
        default: children.allSatisfy(\.isConstant)
        }
    }

    /// The parts of an AND, or the expression itself.
    package var conjuncts: [BoundExpression] {
        if case .and(let parts) = self { return parts.flatMap(\.conjuncts) }
        return [self]
    }

    /// All of them; nil for none.
    package static func conjunction(_ parts: [BoundExpression]) -> BoundExpression? {
        parts.isEmpty ? nil : parts.count == 1 ? parts[0] : .and(parts)
    }

    /// Whether both are written alike: same functions over same columns and constants.
    package func isSame(as other: BoundExpression) -> Bool {
        switch (self, other) {
        case (.constant(let a, let aType), .constant(let b, let bType)):
            guard a == b && aType == bType else { return false }
        case (.column(let a, _), .column(let b, _)), (.outer(let a, _), .outer(let b, _)):
            guard a == b else { return false }
        case (.call(let a), .call(let b)):
            guard
                a.function.isPure && b.function.isPure && a.function.name == b.function.name
                    && a.type == b.type
            else { return false }
        case (.and, .and), (.or, .or), (.not, .not): break
        case (.coalesce(_, let a), .coalesce(_, let b)):
            guard a == b else { return false }
        case (.isNull(_, let a), .isNull(_, let b)):
            guard a == b else { return false }
        case (.cast(_, let a, _), .cast(_, let b, _)):
            guard a == b else { return false }
        case (.isIn(_, let a, let aNull, let aNot), .isIn(_, let b, let bNull, let bNot)):
            guard a == b && aNull == bNull && aNot == bNot else { return false }
        case (.caseWhen(_, let a, let aType), .caseWhen(_, let b, let bType)):
            guard (a == nil) == (b == nil) && aType == bType else { return false }
        default: return false
        }
        let mine = children
        let theirs = other.children
        return mine.count == theirs.count
            && zip(mine, theirs).allSatisfy { $0.isSame(as: $1) }
    }
}
