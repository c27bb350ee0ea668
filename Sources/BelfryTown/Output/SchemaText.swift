/// `schema.sql`: every table of the town in Belfry's SQL, kinds and units included, to be run
/// before an import.
struct SchemaText: Sendable {
    var tables: [TownTable]
    var references: [ReferenceTable]

    var text: String {
        var text = "-- The tables of the town. Run this before importing its files.\n"
        for table in tables { text += "\n" + declaration(table) }
        text += "\n" + events("incident", EventTables.incidentColumns)
        text += "\n" + events("city_event", EventTables.eventColumns)
        text += "\n-- Where each sensor stands.\n"
        for reference in references { text += "\n" + reference.declaration }
        return text
    }

    private func declaration(_ table: TownTable) -> String {
        var lines = ["  time TIMESTAMPTZ TIME KEY", "  \(table.tag) TEXT TAG"]
        lines += table.fields.map { "  \($0.name) \($0.declaration)" }
        return "CREATE TABLE \(table.name) (\n" + lines.joined(separator: ",\n")
            + "\n) STALE AFTER '\(table.staleAfter)';\n"
    }

    private func events(_ name: String, _ columns: [String]) -> String {
        let lines = ["  time TIMESTAMPTZ TIME KEY"] + columns.map { "  \($0)" }
        return "CREATE TABLE \(name) (\n" + lines.joined(separator: ",\n")
            + "\n) ON DUPLICATE APPEND;\n"
    }
}
