using Portal.Model.Shared;

namespace Portal.Shared;

/// <summary>How a refusal is answered over HTTP: the kind is the status.</summary>
public static class Refusals
{
    public static int StatusCode(this RefusalKind kind) =>
        kind switch
        {
            RefusalKind.NotFound => StatusCodes.Status404NotFound,
            RefusalKind.Limit => StatusCodes.Status429TooManyRequests,
            RefusalKind.State or RefusalKind.InUse or RefusalKind.Duplicate => StatusCodes.Status409Conflict,
            RefusalKind.Invalid => StatusCodes.Status400BadRequest,
            RefusalKind.Forbidden => StatusCodes.Status403Forbidden,
            RefusalKind.Unpaid => StatusCodes.Status402PaymentRequired,
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
        };

    /// <summary>With the sentence; what is not there is answered as any other address where nothing is.</summary>
    public static IResult Answer(this Refusal refusal) =>
        refusal.Kind is RefusalKind.NotFound ? Results.NotFound() : Results.Text(refusal.Sentence, statusCode: refusal.Kind.StatusCode());
}
