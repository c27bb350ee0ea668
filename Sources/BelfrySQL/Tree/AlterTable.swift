/// ALTER TABLE of the syntax tree.
package struct AlterTable: Sendable {
    package enum Action: Sendable {
        case addColumn(ColumnDefinition, isIfNotExists: Bool)
        case dropColumn(Name, isIfExists: Bool)
        case renameColumn(Name, to: Name)
        case renameTable(to: Name)
        /// `ALTER energy SET COUNTER`
        case setKind(Name, ColumnKindClause)
        /// `ALTER energy SET UNIT 'kWh'`; nil after DROP UNIT.
        case setUnit(Name, TextLiteral?)
        /// `ALTER energy TYPE DOUBLE`
        case setType(Name, TypeName)
        /// `ALTER energy SET DEFAULT 0`; nil after DROP DEFAULT.
        case setDefault(Name, Expression?)
        /// `ALTER energy SET NOT NULL`; false after DROP NOT NULL.
        case setNotNull(Name, Bool)
        /// `SET RETAIN '30 days' STALE AFTER '1 hour'`
        case setOptions(TableOptions)
        /// `RESET RETAIN, HORIZON`: back to what a table has that says nothing.
        case resetOptions([OptionWord])
        /// `DROP PARTITION '2024-01-01', '2024-01-02'`: those that hold the instants.
        case dropPartitions(holding: [Expression])
        /// `DROP PARTITION BEFORE '2024-01-01'`: those that end by then.
        case dropPartitionsBefore(Expression)
    }

    /// An option that can be taken back.
    package enum OptionWord: String, Sendable, CaseIterable {
        case partition = "PARTITION BY"
        case retain = "RETAIN"
        case staleAfter = "STALE AFTER"
        case horizon = "HORIZON"
    }

    package let name: QualifiedName
    package let action: Action

    package init(name: QualifiedName, action: Action) {
        self.name = name
        self.action = action
    }
}
