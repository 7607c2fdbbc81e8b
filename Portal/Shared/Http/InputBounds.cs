using System.Collections.Frozen;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Net.Http.Headers;
using Portal.Accounts;

namespace Portal.Shared;

/// <summary>
/// How much anybody may send at all: whoever takes less says so at its endpoint. A form that is larger, or that no browser makes, is
/// answered by 400 before anything reads it. What typed text may be is each verb's own rule.
/// </summary>
public static class InputBounds
{
    /// <summary>Of any body, in bytes: Stripe's events and what a circuit sends without a WebSocket are the longest.</summary>
    public const long LargestBody = 1024 * 1024;

    /// <summary>The longest form has a dozen fields.</summary>
    private const int MostFields = 64;

    private const int LongestFieldName = 256;

    private static readonly FrozenSet<string> Encodings = FrozenSet.Create(StringComparer.OrdinalIgnoreCase, "utf-8", "utf8", "us-ascii");

    public static IServiceCollection AddInputBounds(this IServiceCollection services) =>
        services
            .Configure<KestrelServerOptions>(kestrel => kestrel.Limits.MaxRequestBodySize = LargestBody)
            .Configure<FormOptions>(form =>
            {
                (form.ValueCountLimit, form.KeyLengthLimit, form.ValueLengthLimit) = (
                    MostFields,
                    LongestFieldName,
                    AttemptLimits.LargestForm
                );
                (form.MultipartBodyLengthLimit, form.MultipartHeadersCountLimit, form.MultipartHeadersLengthLimit) = (
                    AttemptLimits.LargestForm,
                    8,
                    4096
                );
            });

    public static void UseInputBounds(this WebApplication app) =>
        app.Use(
            async (http, next) =>
            {
                // PostgreSQL's text cannot hold the character zero, and no page of ours sends it.
                if (
                    HasZero(http.Request.QueryString)
                    || !IsReadable(http.Request.ContentType)
                    || (http.Request.HasFormContentType && http.GetEndpoint() is not null && !await IsSoundFormAsync(http))
                )
                {
                    http.RequestServices.GetRequiredService<SecurityEvents>()
                        .LogRefused(SecurityEvent.OddRequest, http.Connection.RemoteIpAddress);
                    await Results
                        .Text("This is not what a page of Portal sends.", statusCode: StatusCodes.Status400BadRequest)
                        .ExecuteAsync(http);
                    return;
                }

                await next(http);
            }
        );

    private static bool HasZero(QueryString query) => query.Value?.Contains("%00", StringComparison.Ordinal) is true;

    /// <summary>
    /// Pages write UTF-8, and programs JSON, which is that (RFC 8259). What reads a body throws at an encoding that it does not know, or is
    /// not allowed to.
    /// </summary>
    private static bool IsReadable(string? contentType) =>
        !MediaTypeHeaderValue.TryParse(contentType, out var type)
        || type.Charset.Value?.Trim('"') is not { Length: > 0 } charset
        || Encodings.Contains(charset);

    private static async Task<bool> IsSoundFormAsync(HttpContext http)
    {
        try
        {
            // Who reads it later gets the same again.
            var form = await http.Request.ReadFormAsync(http.RequestAborted);
            return form.Files.Count == 0
                && !form.Any(field =>
                    field.Key.Contains('\0', StringComparison.Ordinal)
                    || field.Value.Any(value => value?.Contains('\0', StringComparison.Ordinal) is true)
                );
        }
        catch (Exception error)
            when (error is InvalidDataException or IOException or InvalidOperationException && !http.RequestAborted.IsCancellationRequested)
        {
            // Too large, or no form at all, whatever it calls itself.
            return false;
        }
    }
}
