/// Expressions as canonical SQL.
extension SQLText {
    /// Prints an expression, in parentheses where it binds less tightly than asked for.
    mutating func expression(_ expression: Expression, atLeast power: Int = 0) {
        let isBare = bindingPower(of: expression) >= power
        if !isBare { put("(") }
        bare(expression)
        if !isBare { put(")") }
    }

    private func bindingPower(of expression: Expression) -> Int {
        switch expression {
        case .unary(let unary): unary.operator == .not ? BindingPower.not : BindingPower.sign
        case .binary(let binary): binary.operator.bindingPower
        case .isTest: BindingPower.isTest
        case .between, .inList, .inSubquery, .like: BindingPower.membership
        case .quantified: BindingPower.comparison
        case .cast: BindingPower.cast
        case .atTimeZone: BindingPower.atTimeZone
        case .call(let call):
            // An ending such as FILL NULL is safe in front of any operator but a cast, which
            // would go to the literal.
            call.fill == nil && call.tolerance == nil ? BindingPower.primary : BindingPower.sign
        case .literal, .column, .parameter, .caseWhen, .extract, .exists, .scalarSubquery,
            .array, .row:
            BindingPower.primary
        }
    }

    private mutating func bare(_ expression: Expression) {
        switch expression {
        case .literal(let literal): self.literal(literal.value)
        case .column(let column):
            if let table = column.table {
                qualifiedName(table)
                put(".")
            }
            name(column.name)
        case .parameter(let parameter):
            switch parameter.key {
            case .position(let number): put("$\(number)")
            case .name(let name): put(":\(name)")
            }
        case .unary(let unary):
            if unary.operator == .not {
                put("NOT ")
                self.expression(unary.operand, atLeast: BindingPower.not)
            } else {
                put(unary.operator.rawValue)
                // Not the sign's own power: two signs in a row could make a comment.
                self.expression(unary.operand, atLeast: BindingPower.sign + 1)
            }
        case .binary(let binary): self.binary(binary)
        case .isTest(let test):
            self.expression(test.operand, atLeast: BindingPower.isTest)
            put(test.isNegated ? " IS NOT " : " IS ")
            put(test.kind.rawValue)
        case .between(let between):
            membership(between.operand, "BETWEEN ", isNegated: between.isNegated)
            if between.isSymmetric { put("SYMMETRIC ") }
            self.expression(between.low, atLeast: BindingPower.membership + 1)
            put(" AND ")
            self.expression(between.high, atLeast: BindingPower.membership + 1)
        case .inList(let inList):
            membership(inList.operand, "IN (", isNegated: inList.isNegated)
            expressions(inList.list)
            put(")")
        case .inSubquery(let inSubquery):
            membership(inSubquery.operand, "IN (", isNegated: inSubquery.isNegated)
            query(inSubquery.query)
            put(")")
        case .like(let like):
            let word = like.ignoresCase ? "ILIKE " : "LIKE "
            membership(like.operand, word, isNegated: like.isNegated)
            self.expression(like.pattern, atLeast: BindingPower.membership + 1)
            if let escape = like.escape {
                put(" ESCAPE ")
                self.expression(escape, atLeast: BindingPower.membership + 1)
            }
        case .caseWhen(let caseWhen): self.caseWhen(caseWhen)
        case .cast(let cast):
            self.expression(cast.operand, atLeast: BindingPower.cast)
            put("::")
            type(cast.type)
        case .call(let call): self.call(call)
        case .atTimeZone(let conversion):
            self.expression(conversion.operand, atLeast: BindingPower.atTimeZone)
            put(" AT TIME ZONE ")
            self.expression(conversion.zone, atLeast: BindingPower.atTimeZone + 1)
        case .extract(let extract):
            put("EXTRACT(\(SQLText.string(extract.field.folded)) FROM ")
            self.expression(extract.operand)
            put(")")
        case .exists(let exists):
            put("EXISTS (")
            query(exists.query)
            put(")")
        case .scalarSubquery(let subquery):
            put("(")
            query(subquery.query)
            put(")")
        case .quantified(let quantified): self.quantified(quantified)
        case .array(let array):
            put("ARRAY[")
            expressions(array.elements)
            put("]")
        case .row(let row):
            put("ROW(")
            expressions(row.elements)
            put(")")
        }
    }

    private mutating func membership(_ operand: Expression, _ word: String, isNegated: Bool) {
        expression(operand, atLeast: BindingPower.membership + 1)
        put(isNegated ? " NOT " : " ")
        put(word)
    }

    private mutating func literal(_ value: Literal.Value) {
        switch value {
        case .null: put("NULL")
        case .boolean(let value): put(value ? "TRUE" : "FALSE")
        case .integer(let value): put(value == .min ? "(\(value))" : "\(value)")
        case .decimal(let digits): put(digits)
        case .string(let text): put(SQLText.string(text))
        case .typed(let type, let text):
            self.type(type)
            put(" \(SQLText.string(text))")
        }
    }

    mutating func type(_ type: TypeName) {
        put(type.word.rawValue)
        if !type.arguments.isEmpty {
            put("(\(type.arguments.map(String.init).joined(separator: ", ")))")
        }
        if type.isArray { put("[]") }
    }

    /// AND and OR are associative, and trees of them come balanced: neither side needs
    /// parentheses. Comparisons do not chain: both sides need more than their power.
    private mutating func binary(_ binary: BinaryExpression) {
        let power = binary.operator.bindingPower
        let isLogic = binary.operator == .and || binary.operator == .or
        let isComparison = power == BindingPower.comparison
        expression(binary.left, atLeast: isComparison ? power + 1 : power)
        put(" \(binary.operator.rawValue) ")
        expression(binary.right, atLeast: isLogic ? power : power + 1)
    }

    private mutating func quantified(_ quantified: QuantifiedExpression) {
        expression(quantified.operand, atLeast: BindingPower.comparison + 1)
        put(" \(quantified.operator.rawValue) \(quantified.isAll ? "ALL" : "ANY") (")
        switch quantified.source {
        case .query(let query): self.query(query)
        case .array(let array): expression(array)
        }
        put(")")
    }

    private mutating func caseWhen(_ caseWhen: CaseExpression) {
        put("CASE")
        clause(" ", caseWhen.operand)
        for branch in caseWhen.branches {
            clause(" WHEN ", branch.condition)
            clause(" THEN ", branch.result)
        }
        clause(" ELSE ", caseWhen.otherwise)
        put(" END")
    }

    private mutating func call(_ call: FunctionCall) {
        qualifiedName(call.name)
        put("(")
        switch call.arguments {
        case .star: put("*")
        case .starOf(let table):
            name(table)
            put(".*")
        case .list(let arguments):
            if call.isDistinct { put("DISTINCT ") }
            expressions(arguments)
        }
        orderBy(" ORDER BY ", call.orderBy)
        put(")")
        if !call.withinGroup.isEmpty {
            orderBy(" WITHIN GROUP (ORDER BY ", call.withinGroup)
            put(")")
        }
        if let filter = call.filter {
            clause(" FILTER (WHERE ", filter)
            put(")")
        }
        if let tolerance = call.tolerance { self.tolerance(tolerance) }
        if let fill = call.fill { self.fill(fill) }
        switch call.over {
        case nil: break
        case .name(let name):
            put(" OVER ")
            self.name(name)
        case .specification(let window):
            put(" OVER ")
            self.window(window)
        }
    }
}
