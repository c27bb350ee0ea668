import BelfryCore
import BelfrySQL

@testable import BelfryQuery

/// Binds and evaluates an expression from text, over a batch of named columns or none.
final class ExpressionBench: ExpressionScope {
    let environment: EvaluationEnvironment
    private let names: [String]
    private let batch: Batch

    init(_ columns: [(String, Vector)] = [], zone: String = "UTC") throws {
        let zones = TimeZoneDatabase()
        environment = EvaluationEnvironment(
            zone: try zones.rules(named: zone), zones: zones,
            now: Timestamp("2014-08-01 12:00:00")!)
        names = columns.map(\.0)
        batch = Batch(columns.map(\.1), rowCount: columns.first?.1.count ?? 1)
    }

    func column(_ reference: ColumnReference) throws(QueryError) -> BoundExpression {
        guard let index = names.firstIndex(of: reference.name.folded) else {
            throw QueryError("42703", "no column \(reference.name.text)")
        }
        return .column(index, batch.vectors[index].type)
    }

    func substitute(_ expression: Expression) throws(QueryError) -> BoundExpression? { nil }

    func aggregate(_ call: FunctionCall) throws(QueryError) -> BoundExpression {
        throw QueryError("42803", "no aggregate here")
    }

    func subquery(_ expression: Expression) throws(QueryError) -> BoundExpression {
        throw QueryError("0A000", "no subquery here")
    }

    func parameter(_ reference: ParameterReference) throws(QueryError) -> Value { .null }

    static func parse(_ text: String) throws -> Expression {
        guard case .query(let query) = try Parser.parse("SELECT \(text)")[0].statement,
            case .select(let select) = query.body,
            case .expression(let expression, _) = select.items[0]
        else { throw QueryError("42601", "no expression") }
        return expression
    }

    func bound(_ text: String) throws -> BoundExpression {
        try ExpressionBinder(scope: self, environment: environment).bind(Self.parse(text))
    }

    func evaluate(_ text: String) throws -> Vector {
        try ExpressionEvaluator(bound(text), environment: environment).evaluate(batch)
    }

    /// The results as text, one a row; the SQLSTATE where there is an error.
    func rows(_ text: String) -> [String] {
        do {
            let vector = try evaluate(text)
            let texts = TextView(CastKernels.text(vector, environment), rowCount: vector.count)
            return (0..<vector.count).map { texts.isValid($0) ? texts.string($0) : "NULL" }
        } catch let error as QueryError {
            return ["error \(error.code)"]
        } catch let error as SyntaxError {
            return ["error \(error.sqlState)"]
        } catch {
            return ["\(error)"]
        }
    }
}
