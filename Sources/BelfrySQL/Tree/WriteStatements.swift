/// `INSERT INTO …` of the syntax tree.
package struct Insert: Sendable {
    package enum Source: Sendable {
        /// A SELECT, or VALUES as a query.
        case query(Query)
        case defaultValues
    }

    /// What becomes of a row whose key is there already.
    package enum OnConflict: Sendable {
        case doNothing
        /// `DO UPDATE SET c = EXCLUDED.c WHERE condition`
        case update([Assignment], filter: Expression?)
        /// `ON DUPLICATE KEEP`: a rule for this statement's rows.
        case rule(TableOptions.DuplicateRule, span: SourceSpan)
    }

    package let table: QualifiedName
    /// The table's name in ON CONFLICT and RETURNING.
    package let alias: Name?
    /// Empty where the statement names none.
    package let columns: [Name]
    package let source: Source
    /// The columns named behind ON CONFLICT; may be empty.
    package let conflictTarget: [Name]
    package let onConflict: OnConflict?
    /// Empty without RETURNING.
    package let returning: [SelectItem]

    package init(
        table: QualifiedName, alias: Name? = nil, columns: [Name], source: Source,
        conflictTarget: [Name] = [], onConflict: OnConflict? = nil, returning: [SelectItem] = []
    ) {
        self.table = table
        self.alias = alias
        self.columns = columns
        self.source = source
        self.conflictTarget = conflictTarget
        self.onConflict = onConflict
        self.returning = returning
    }
}

/// `column = value`; DEFAULT is nil.
package struct Assignment: Sendable {
    package let column: Name
    package let value: Expression?

    package init(column: Name, value: Expression?) {
        self.column = column
        self.value = value
    }
}

package struct Update: Sendable {
    package let table: QualifiedName
    package let alias: Name?
    package let assignments: [Assignment]
    package let filter: Expression?
    /// Empty without RETURNING.
    package let returning: [SelectItem]

    package init(
        table: QualifiedName, alias: Name?, assignments: [Assignment], filter: Expression?,
        returning: [SelectItem] = []
    ) {
        self.table = table
        self.alias = alias
        self.assignments = assignments
        self.filter = filter
        self.returning = returning
    }
}

package struct Delete: Sendable {
    package let table: QualifiedName
    package let alias: Name?
    package let filter: Expression?
    /// Empty without RETURNING.
    package let returning: [SelectItem]

    package init(
        table: QualifiedName, alias: Name?, filter: Expression?, returning: [SelectItem] = []
    ) {
        self.table = table
        self.alias = alias
        self.filter = filter
        self.returning = returning
    }
}
