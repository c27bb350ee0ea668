/// Queries as canonical SQL.
extension SQLText {
    mutating func query(_ query: Query) {
        if !query.with.isEmpty {
            put(query.isRecursive ? "WITH RECURSIVE " : "WITH ")
            list(query.with) { printer, table in
                printer.name(table.name)
                if !table.columns.isEmpty {
                    printer.put(" ")
                    printer.names(table.columns)
                }
                printer.put(" AS (")
                printer.query(table.query)
                printer.put(")")
            }
            put(" ")
        }
        body(query.body)
        orderBy(" ORDER BY ", query.orderBy)
        clause(" LIMIT ", query.limit)
        clause(" OFFSET ", query.offset)
    }

    private mutating func body(_ body: QueryBody) {
        switch body {
        case .select(let select): self.select(select)
        case .values(let values):
            put("VALUES ")
            list(values.rows) { printer, row in
                printer.put("(")
                printer.expressions(row)
                printer.put(")")
            }
        case .setOperation(let operation):
            self.body(operation.left)
            put(" \(operation.kind.rawValue) ")
            if operation.isAll { put("ALL ") }
            self.body(operation.right)
        case .nested(let query):
            put("(")
            self.query(query)
            put(")")
        }
    }

    mutating func expressions(_ expressions: [Expression]) {
        list(expressions) { $0.expression($1) }
    }

    mutating func orderBy(_ words: String, _ items: [OrderItem]) {
        guard !items.isEmpty else { return }
        put(words)
        list(items) { printer, item in
            printer.expression(item.expression)
            if item.isDescending { printer.put(" DESC") }
            if let nullsFirst = item.nullsFirst {
                printer.put(nullsFirst ? " NULLS FIRST" : " NULLS LAST")
            }
        }
    }

    // MARK: - SELECT

    private mutating func select(_ select: Select) {
        put("SELECT")
        switch select.distinct {
        case .all: break
        case .distinct: put(" DISTINCT")
        case .on(let keys):
            put(" DISTINCT ON (")
            expressions(keys)
            put(")")
        }
        if !select.items.isEmpty { put(" ") }
        list(select.items) { $0.item($1) }
        if !select.from.isEmpty {
            put(" FROM ")
            list(select.from) { $0.table($1) }
        }
        clause(" WHERE ", select.filter)
        if let latest = select.latest {
            put(" LATEST ")
            if let count = latest.count {
                expression(count)
                put(" ")
            }
            put("BY (")
            expressions(latest.keys)
            put(")")
        }
        switch select.grouping {
        case .none: break
        case .all: put(" GROUP BY ALL")
        case .expressions(let keys):
            put(" GROUP BY ")
            expressions(keys)
        }
        if let sample = select.sample { self.sample(sample) }
        clause(" HAVING ", select.having)
        if !select.windows.isEmpty {
            put(" WINDOW ")
            list(select.windows) { printer, window in
                printer.name(window.name)
                printer.put(" AS ")
                printer.window(window.specification)
            }
        }
        clause(" QUALIFY ", select.qualify)
    }

    mutating func item(_ item: SelectItem) {
        switch item {
        case .expression(let value, let alias):
            expression(value)
            if let alias {
                put(" AS ")
                name(alias)
            }
        case .star(let star):
            if let table = star.table {
                name(table)
                put(".")
            }
            put("*")
            if !star.excluded.isEmpty {
                put(" EXCLUDE ")
                names(star.excluded)
            }
        }
    }

    private mutating func sample(_ sample: SampleClause) {
        put(" SAMPLE BY ")
        expression(sample.width)
        clause(" EVERY ", sample.every)
        clause(" TIME ZONE ", sample.timeZone)
        clause(" ORIGIN ", sample.origin)
        clause(" FROM ", sample.from)
        clause(" TO ", sample.to)
        if let fill = sample.fill { self.fill(fill) }
    }

    mutating func tolerance(_ tolerance: Tolerance) {
        switch tolerance.limit {
        case .unlimited: put(" TOLERANCE UNLIMITED")
        case .value(let value): clause(" TOLERANCE ", value)
        }
    }

    mutating func fill(_ fill: Fill) {
        switch fill.method {
        case .null: put(" FILL NULL")
        case .previous: put(" FILL PREV")
        case .next: put(" FILL NEXT")
        case .linear: put(" FILL LINEAR")
        case .value(let value): clause(" FILL ", value)
        }
        if let tolerance = fill.tolerance { self.tolerance(tolerance) }
    }

    // MARK: - FROM

    private mutating func alias(_ alias: TableAlias?) {
        guard let alias else { return }
        put(" AS ")
        name(alias.name)
        if !alias.columns.isEmpty { names(alias.columns) }
    }

    private mutating func table(_ table: TableReference) {
        switch table {
        case .table(let named):
            qualifiedName(named.name)
            alias(named.alias)
        case .subquery(let subquery):
            put(subquery.isLateral ? "LATERAL (" : "(")
            query(subquery.query)
            put(")")
            alias(subquery.alias)
        case .function(let function):
            if function.isLateral { put("LATERAL ") }
            qualifiedName(function.name)
            put("(")
            expressions(function.arguments)
            put(")")
            alias(function.alias)
        case .join(let join): self.join(join)
        case .nested(let nested):
            put("(")
            self.table(nested.table)
            put(")")
            alias(nested.alias)
        }
    }

    private mutating func join(_ join: Join) {
        table(join.left)
        put(" ")
        if case .natural = join.condition { put("NATURAL ") }
        switch join.kind {
        case .inner: put("JOIN ")
        case .left: put("LEFT JOIN ")
        case .right: put("RIGHT JOIN ")
        case .full: put("FULL JOIN ")
        case .cross: put("CROSS JOIN ")
        case .asof(let match): put(match.isInner ? "ASOF INNER JOIN " : "ASOF JOIN ")
        case .align: put("ALIGN JOIN ")
        }
        table(join.right)
        switch join.condition {
        case .none, .natural: break
        case .on(let condition): clause(" ON ", condition)
        case .using(let columns):
            put(" USING ")
            names(columns)
        }
        if case .asof(let match) = join.kind {
            if let direction = match.direction { put(" MATCH \(direction.rawValue)") }
            if match.isStrict { put(" STRICT") }
            if match.ignoresNulls { put(" IGNORE NULLS") }
            if let tolerance = match.tolerance { self.tolerance(tolerance) }
        }
    }

    // MARK: - Windows

    mutating func window(_ window: WindowSpecification) {
        var separator = ""
        put("(")
        if let base = window.base {
            name(base)
            separator = " "
        }
        if !window.partitionBy.isEmpty {
            put("\(separator)PARTITION BY ")
            expressions(window.partitionBy)
            separator = " "
        }
        if !window.orderBy.isEmpty {
            orderBy("\(separator)ORDER BY ", window.orderBy)
            separator = " "
        }
        if let frame = window.frame {
            put("\(separator)\(frame.unit.rawValue) BETWEEN ")
            bound(frame.start)
            put(" AND ")
            bound(frame.end)
            if let exclusion = frame.exclusion { put(" EXCLUDE \(exclusion.rawValue)") }
        }
        put(")")
    }

    private mutating func bound(_ bound: WindowFrame.Bound) {
        switch bound {
        case .unboundedPreceding: put("UNBOUNDED PRECEDING")
        case .preceding(let distance):
            expression(distance, atLeast: BindingPower.not)
            put(" PRECEDING")
        case .currentRow: put("CURRENT ROW")
        case .following(let distance):
            expression(distance, atLeast: BindingPower.not)
            put(" FOLLOWING")
        case .unboundedFollowing: put("UNBOUNDED FOLLOWING")
        }
    }
}
