using System.Data.Common;
using System.Text;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Portal.Model.Shared;

/// <summary>
/// PostgreSQL knows no U+0000, and UTF-8 no half of a surrogate pair: a command with one of them fails, and both come from outside wherever
/// text does (an address with <c>%00</c>). Here, where everything passes, each becomes U+FFFD, so that what is looked for is not found.
/// </summary>
internal sealed class PlainText : DbCommandInterceptor
{
    public static PlainText Instance { get; } = new();

    public override InterceptionResult<DbDataReader> ReaderExecuting(
        DbCommand command,
        CommandEventData eventData,
        InterceptionResult<DbDataReader> result
    ) => Clean(command, result);

    public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
        DbCommand command,
        CommandEventData eventData,
        InterceptionResult<DbDataReader> result,
        CancellationToken cancellationToken = default
    ) => ValueTask.FromResult(Clean(command, result));

    public override InterceptionResult<object> ScalarExecuting(
        DbCommand command,
        CommandEventData eventData,
        InterceptionResult<object> result
    ) => Clean(command, result);

    public override ValueTask<InterceptionResult<object>> ScalarExecutingAsync(
        DbCommand command,
        CommandEventData eventData,
        InterceptionResult<object> result,
        CancellationToken cancellationToken = default
    ) => ValueTask.FromResult(Clean(command, result));

    public override InterceptionResult<int> NonQueryExecuting(
        DbCommand command,
        CommandEventData eventData,
        InterceptionResult<int> result
    ) => Clean(command, result);

    public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
        DbCommand command,
        CommandEventData eventData,
        InterceptionResult<int> result,
        CancellationToken cancellationToken = default
    ) => ValueTask.FromResult(Clean(command, result));

    /// <summary>The text itself, if PostgreSQL can take it.</summary>
    public static string Of(string text)
    {
        if (
            text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF')
            && Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) is var whole
            && whole != text
        )
        {
            text = whole;
        }

        return text.Contains('\0', StringComparison.Ordinal) ? text.Replace('\0', '\uFFFD') : text;
    }

    private static T Clean<T>(DbCommand command, T result)
    {
        foreach (DbParameter parameter in command.Parameters)
        {
            switch (parameter.Value)
            {
                case string text when !ReferenceEquals(Of(text), text):
                    parameter.Value = Of(text);
                    break;
                case string?[] texts when Array.Exists(texts, text => text is not null && !ReferenceEquals(Of(text), text)):
                    parameter.Value = Array.ConvertAll(texts, text => text is null ? null : Of(text));
                    break;
            }
        }

        return result;
    }
}
