using Hangfire.Common;
using Portal.Model.Shared;

namespace Portal.Worker.Shared;

/// <summary>
/// The types that a job's row may name. Whoever can write to Hangfire's tables, the web above all, would otherwise have this process call
/// whatever there is (starting programs among it), with the rights that an engine has. The resolver is Hangfire's one for the whole
/// process.
/// </summary>
internal static class JobTypes
{
    private static readonly HashSet<Type> Arguments = [typeof(string), typeof(Guid), typeof(CancellationToken)];

    /// <exception cref="InvalidOperationException">It is none of them; the job then fails and stays where the operators see it.</exception>
    public static Type Resolve(string name) =>
        TypeHelper.DefaultTypeResolver(name) is { } type && (Arguments.Contains(type) || IsJob(type))
            ? type
            : throw new InvalidOperationException("A job names a type that is not one of Portal's jobs.");

    private static bool IsJob(Type type) =>
        type is { IsInterface: true, IsGenericType: false }
        && type.Assembly == typeof(PortalDb).Assembly
        && type.Name.EndsWith("Job", StringComparison.Ordinal);
}
