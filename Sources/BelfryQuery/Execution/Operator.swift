package import BelfryCore

/// What does a plan's work: a schema, and the next batch.
///
/// Called once a batch; the loop over rows is inside. After `nil` or an error every further call
/// answers the same.
package protocol Operator: AnyObject {
    var columns: [PlanColumn] { get }
    func next() throws(QueryError) -> Batch?
}
