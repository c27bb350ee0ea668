import BelfryCore
import BelfrySQL

/// One way to call a scalar function: the types it takes, the type it gives, and its kernel.
struct FunctionSignature: Sendable {
    let name: String
    let parameters: [DataType]
    /// Further arguments may follow, each of the last parameter's type.
    let repeatsLast: Bool
    let result: DataType
    let function: ScalarFunction

    init(
        _ name: String, _ parameters: [DataType], _ result: DataType, repeatsLast: Bool = false,
        isPure: Bool = true, _ kernel: @escaping ScalarFunction.Kernel
    ) {
        self.name = name
        self.parameters = parameters
        self.repeatsLast = repeatsLast
        self.result = result
        function = ScalarFunction(name: name, isPure: isPure, kernel: kernel)
    }

    func parameter(_ index: Int) -> DataType {
        index < parameters.count ? parameters[index] : parameters[parameters.count - 1]
    }

    /// How far the arguments' types are from this signature's; nil where it does not fit.
    func distance(to types: [DataType]) -> Int? {
        guard types.count == parameters.count || repeatsLast && types.count > parameters.count
        else { return nil }
        var distance = 0
        for (index, type) in types.enumerated() {
            let wanted = parameter(index)
            if type == wanted { continue }
            guard Coercion.isAllowed(type, wanted, .implicit) || type.isInteger && wanted.isInteger
            else { return nil }
            switch (type, wanted) {
            case (.unknown, .text): distance += 1
            case (.unknown, _): distance += 2
            case (.date, .timestamp): distance += 11
            default: distance += 10
            }
        }
        return distance
    }
}

/// Every scalar function that has fixed types. Forms that have not (COALESCE and the like) are
/// the binder's own.
enum FunctionTable {
    static let signatures: [String: [FunctionSignature]] = Dictionary(
        grouping: MathFunctions.signatures + TextFunctions.signatures + TimeFunctions.signatures,
        by: \.name)

    static var names: [String] {
        Array(signatures.keys) + ExpressionBinder.specialNames + AggregateTable.names
            + SampleNode.SeriesCall.Function.allCases.map(\.rawValue)
    }

    /// The signature nearest to the types of the arguments.
    static func resolve(_ name: String, _ types: [DataType]) -> FunctionSignature? {
        var best: (distance: Int, signature: FunctionSignature)?
        for signature in signatures[name] ?? [] {
            guard let distance = signature.distance(to: types) else { continue }
            if distance < best?.distance ?? .max { best = (distance, signature) }
        }
        return best?.signature
    }

    /// The ways to call a function, for an error's hint.
    static func usage(_ name: String) -> String? {
        guard let known = signatures[name] else { return nil }
        let forms = known.map { (signature) -> String in
            let types = signature.parameters.map(\.name).joined(separator: ", ")
            return "\(name)(\(types)\(signature.repeatsLast ? ", …" : ""))"
        }
        return "there is " + forms.joined(separator: ", ")
    }
}
