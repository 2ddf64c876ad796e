Option Explicit
Option Private Module
'Every LLM_* function of this add-in (module xlwings_udfs) is answered here, by Python, through xlwings.

Private Const NOT_READY As Long = -2147220991 'vbObjectError + 513
Private Const MOST_CELLS As Long = 10000 'a larger range is read by Python, and only where its sheet is in use
Private Const RETRY_SECONDS As Long = 30
Private Const SESSION As String = "xlcalc.hosts.addin_session"

Private connection As Object 'the Python server that answered last
Private unready As String 'why there is none; said once, and tried again after RETRY_SECONDS
Private tried As Date
Private failure As String 'the last failure that Python could not tell of

Public Function CallPython(ByVal host As String, ByVal function_name As String, ByVal arguments As Variant) As Variant
    'One round trip for a call: ranges go along as values. Whatever fails ends in an Excel error, never in text.
    Dim attempts As Long
    On Error GoTo failed
    ReadRanges arguments
again:
    attempts = attempts + 1
    CallPython = WithErrors(Python.CallUDF((host), (function_name), (arguments)))
    Exit Function
failed:
    If attempts = 1 And Err.Number <> NOT_READY Then 'a server that was ended is started anew
        Set connection = Nothing
        Resume again
    End If
    failure = function_name & ": " & Err.Description
    CallPython = CVErr(xlErrValue)
End Function

Private Sub ReadRanges(ByRef arguments As Variant)
    Dim i As Long, values As Variant
    For i = LBound(arguments) To UBound(arguments)
        If TypeName(arguments(i)) = "Range" Then
            If CDbl(arguments(i).Rows.Count) * arguments(i).Columns.Count <= MOST_CELLS Then
                values = arguments(i).Value2
                Set arguments(i) = Nothing
                arguments(i) = values
            End If
        End If
    Next i
End Sub

Public Function WithErrors(ByVal value As Variant) As Variant
    'The codes in a result as the errors that Excel knows: COM has no way to bring an error back from Python.
    Dim row As Long, column As Long
    If Not IsArray(value) Then
        WithErrors = ErrorOr(value)
        Exit Function
    End If
    If Dimensions(value) = 1 Then
        For column = LBound(value) To UBound(value)
            value(column) = ErrorOr(value(column))
        Next column
    Else
        For row = LBound(value, 1) To UBound(value, 1)
            For column = LBound(value, 2) To UBound(value, 2)
                value(row, column) = ErrorOr(value(row, column))
            Next column
        Next row
    End If
    WithErrors = value
End Function

Private Function ErrorOr(ByVal value As Variant) As Variant
    ErrorOr = value
    If VarType(value) <> vbString Then Exit Function
    If Left$(value, 1) <> "#" Then Exit Function
    Select Case value
        Case "#NULL!": ErrorOr = CVErr(xlErrNull)
        Case "#DIV/0!": ErrorOr = CVErr(xlErrDiv0)
        Case "#VALUE!": ErrorOr = CVErr(xlErrValue)
        Case "#REF!": ErrorOr = CVErr(xlErrRef)
        Case "#NAME?": ErrorOr = CVErr(xlErrName)
        Case "#NUM!": ErrorOr = CVErr(xlErrNum)
        Case "#N/A": ErrorOr = CVErr(xlErrNA)
        Case "#SPILL!": ErrorOr = CVErr(2045)
        Case "#CALC!": ErrorOr = CVErr(2050)
    End Select
End Function

Private Function Dimensions(ByVal value As Variant) As Long
    Dim last As Long
    On Error GoTo one
    last = UBound(value, 2)
    Dimensions = 2
    Exit Function
one:
    Dimensions = 1
End Function

'Python

Private Function Python() As Object
    If connection Is Nothing Then
        If unready <> "" And DateDiff("s", tried, Now) < RETRY_SECONDS Then Err.Raise NOT_READY, , unready
        tried = Now
        Set connection = Connected()
        unready = ""
    End If
    Set Python = connection
End Function

Private Function Connected() As Object
    Dim server As Object, interpreter As String, doing As String, notice As String
    On Error GoTo failed
    doing = "start"
    interpreter = Setting("INTERPRETER_WIN")
    If InStr(Application.OperatingSystem, "Mac") > 0 Then
        Refuse "Excel on the Mac cannot call Python from an add-in: use xlwings Lite or xlcalc serve."
    End If
    If IsFullName(interpreter) Then
        If Not FileExists(interpreter) Then
            Refuse "There is no Python at " & interpreter & ". Install Python and xlcalc (pip install xlcalc[excel]), " & _
                "then run: xlcalc addin excel --install"
        End If
    End If
    Set server = XLPy
    doing = "import"
    server.Exec "import " & SESSION
    doing = "compare"
    notice = server.Str(server.Call(server.Module(SESSION), "start", server.Tuple(XLWINGS_VERSION, Setting("BUILT WITH XLCALC"))))
    If notice <> "" Then Tell notice
    Set Connected = server
    Exit Function
failed:
    If Err.Number = NOT_READY Then
        unready = Err.Description
    ElseIf doing = "start" Then
        unready = "Python did not start, or has no xlwings " & XLWINGS_VERSION & ". Run: " & Pip(interpreter) & _
            "xlcalc xlwings==" & XLWINGS_VERSION & " pywin32" & vbLf & _
            "After an update of xlwings instead: xlcalc addin excel --install" & vbLf & vbLf & Err.Description
    Else
        unready = "xlcalc is missing or damaged in this add-in's Python. Run: " & Pip(interpreter) & "xlcalc" & _
            vbLf & vbLf & Err.Description
    End If
    Tell unready
    Err.Raise NOT_READY, , unready
End Function

Private Sub Refuse(ByVal reason As String)
    Err.Raise NOT_READY, , reason
End Sub

Private Function Pip(ByVal interpreter As String) As String
    interpreter = Replace(interpreter, "pythonw.exe", "python.exe")
    If Not IsFullName(interpreter) Then interpreter = "python"
    Pip = """" & interpreter & """ -m pip install --upgrade "
End Function

Private Sub Tell(ByVal notice As String)
    'Once for each notice, and only to somebody: an Excel that a program runs must not wait for a click.
    Static told As String
    If InStr(told, notice) > 0 Then Exit Sub
    told = told & notice & vbLf
    If Application.Visible And Application.UserControl Then MsgBox Left$(notice, 1000), vbExclamation, "LLM Calculator"
End Sub

Private Function Setting(ByVal key As String) As String
    'From this add-in's own sheet, whatever workbook is active, if any.
    Dim sheet As Worksheet, row As Long
    Set sheet = ThisWorkbook.Sheets(PROJECT_NAME & ".conf")
    row = 1
    Do While sheet.Cells(row, 1).Value <> ""
        If UCase$(sheet.Cells(row, 1).Value) = key Then Setting = sheet.Cells(row, 2).Value
        row = row + 1
    Loop
End Function

'What the ribbon and the menu of a cell run

Public Sub ExplainError()
    Dim cell As Object, reasons As String
    If ActiveCell Is Nothing Then Exit Sub
    On Error Resume Next
    Set cell = ActiveCell
    If ActiveCell.HasArray Then Set cell = ActiveCell.CurrentArray
    Set cell = SpillParent(cell)
    On Error GoTo failed
    unready = ""
    failure = ""
    Python.Exec "import " & SESSION & " as s; s.forget()"
    cell.Dirty
    cell.Calculate
    reasons = Python.Str(Python.Call(Python.Module(SESSION), "told"))
    If reasons = "" Then reasons = failure
    If reasons = "" Then
        reasons = "No LLM_* function in " & ActiveCell.Address(False, False) & " ends in an error." & vbLf & _
            "If its error comes from another cell, select that one."
    End If
    MsgBox Left$(reasons, 1000), vbInformation, "LLM Calculator"
    Exit Sub
failed:
    MsgBox Left$(Err.Description, 1000), vbExclamation, "LLM Calculator"
End Sub

Private Function SpillParent(ByVal cell As Object) As Object
    'The cell with the formula, where the active one belongs to a spilled result; Excel before 2021 knows none.
    Set SpillParent = cell
    On Error Resume Next
    If cell.HasSpill Then Set SpillParent = cell.SpillParent
End Function

Public Sub CheckSetup()
    Dim report As String
    If ActiveWorkbook Is Nothing Then
        MsgBox "Open a workbook first: xlwings starts Python for one.", vbInformation, "LLM Calculator"
        Exit Sub
    End If
    On Error GoTo failed
    Set connection = Nothing
    unready = ""
    UseInterpreter
    report = "Python: " & Setting("INTERPRETER_WIN") & vbLf
    report = report & Python.Str(Python.Call(Python.Module(SESSION), "report", Python.Tuple(XLWINGS_VERSION, Setting("BUILT WITH XLCALC"))))
    MsgBox Left$(report, 1000), vbInformation, "LLM Calculator"
    Exit Sub
failed:
    MsgBox Left$(report & Err.Description, 1000), vbExclamation, "LLM Calculator"
End Sub

Public Sub RibbonExplainError(ByVal control As IRibbonControl)
    ExplainError
End Sub

Public Sub RibbonCheckSetup(ByVal control As IRibbonControl)
    CheckSetup
End Sub

'When the add-in opens

Public Sub UseInterpreter()
    'Which Python: XLCALC_PYTHON, the user's xlcalc.conf, the Python that built the add-in, the user's xlwings.conf.
    Dim chosen As String, built_with As String
    chosen = Environ("XLCALC_PYTHON")
    If chosen = "" Then chosen = GetConfig("INTERPRETER_WIN", "", "user")
    If chosen = "" Then
        built_with = Setting("BUILT WITH PYTHON")
        chosen = built_with
        If Not FileExists(built_with) Then GetConfigFromFile XlwingsConfiguration(), "INTERPRETER_WIN", chosen
    End If
    If chosen <> Setting("INTERPRETER_WIN") Then
        ThisWorkbook.Sheets(PROJECT_NAME & ".conf").Range("B1").Value = chosen
        ThisWorkbook.Saved = True
    End If
End Sub

Private Function XlwingsConfiguration() As String
    XlwingsConfiguration = Environ("USERPROFILE") & "\.xlwings\xlwings.conf"
End Function

Public Sub DescribeFunctions()
    'The help that the function wizard shows, from the sheet of this add-in: a name, its help, and that of its arguments.
    Dim sheet As Worksheet, row As Long, hidden As Boolean
    Set sheet = ThisWorkbook.Sheets(PROJECT_NAME & ".conf")
    row = 1
    On Error GoTo failed
    Do While sheet.Cells(row, 4).Value <> ""
        Describe sheet, row
        row = row + 1
    Loop
    GoTo finish
failed:
    If hidden Then Resume finish
    hidden = True 'Excel may refuse to edit the macros of a hidden workbook, and an add-in is one
    ThisWorkbook.IsAddin = False
    ThisWorkbook.Windows(1).Visible = True
    Resume
finish:
    On Error Resume Next
    If hidden Then
        ThisWorkbook.Windows(1).Visible = False
        ThisWorkbook.IsAddin = True
    End If
    ThisWorkbook.Saved = True
End Sub

Private Sub Describe(ByVal sheet As Worksheet, ByVal row As Long)
    Dim macro As String, last As Long, i As Long, help() As String
    macro = "'" & ThisWorkbook.Name & "'!" & sheet.Cells(row, 4).Value
    last = sheet.Cells(row, 6).Value
    If last = 0 Then
        Application.MacroOptions macro:=macro, Description:=sheet.Cells(row, 5).Value, Category:="LLM Calculator"
        Exit Sub
    End If
    ReDim help(1 To last)
    For i = 1 To last
        help(i) = sheet.Cells(row, 6 + i).Value
    Next i
    Application.MacroOptions macro:=macro, Description:=sheet.Cells(row, 5).Value, Category:="LLM Calculator", _
        ArgumentDescriptions:=help
End Sub

Public Sub UseThisAddin(ByVal book As Workbook)
    'A workbook saved elsewhere names the add-in by the path that it had there: point it here.
    Dim links As Variant, link As Variant
    On Error Resume Next
    links = book.LinkSources(xlExcelLinks)
    If Not IsArray(links) Then Exit Sub
    For Each link In links
        If LCase$(link) Like "*[\/:]" & LCase$(ThisWorkbook.Name) And LCase$(link) <> LCase$(ThisWorkbook.FullName) Then
            book.ChangeLink link, ThisWorkbook.FullName, xlLinkTypeExcelLinks
        End If
    Next link
End Sub
